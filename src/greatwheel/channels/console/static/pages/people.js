// Who is who: admins know everybody's name, others their own.

/** A function from a user's id to a name for people. */
export async function people(api, me, signal) {
  const names = new Map([[me.user_id, me.name ?? "you"]]);
  if (me.role === "admin") {
    for (const user of (await api.list("/api/users", { signal })).items) names.set(user.user_id, user.name);
  }
  return (id) => names.get(id) ?? id;
}
