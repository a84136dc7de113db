// What this browser remembers of choices. It may forbid it: then nothing is remembered, and nothing breaks.

/** What was kept under that name; null when nothing was. */
export function remembered(name, storage = localStorage) {
  try {
    return storage.getItem(name);
  } catch {
    return null;
  }
}

/** Keep a text under that name. */
export function remember(name, value, storage = localStorage) {
  try {
    storage.setItem(name, value);
  } catch {
    // It is asked for again next time.
  }
}
