# mypy: ignore-errors
# ruff: noqa
"""Guest source: the SDK's objects. Runs on every engine."""

SESSION_KEY = ""


class _gw_Llm:
    def complete(self, *args, **kwargs):
        return _gw_h_llm_complete(*args, **kwargs)

    def embed(self, *args, **kwargs):
        return _gw_h_llm_embed(*args, **kwargs)


class _gw_Memory:
    def store(self, *args, **kwargs):
        return _gw_h_memory_store(*args, **kwargs)

    def recall(self, *args, **kwargs):
        return _gw_h_memory_recall(*args, **kwargs)

    def forget(self, *args, **kwargs):
        return _gw_h_memory_forget(*args, **kwargs)


class _gw_Agent:
    def call(self, *args, **kwargs):
        return _gw_h_agent_call(*args, **kwargs)

    def notify(self, *args, **kwargs):
        return _gw_h_agent_notify(*args, **kwargs)


class _gw_Channel:
    def send(self, *args, **kwargs):
        return _gw_h_channel_send(*args, **kwargs)

    def ask(self, *args, **kwargs):
        return _gw_h_channel_ask(*args, **kwargs)


class _gw_State:
    def checkpoint(self, *args, **kwargs):
        return _gw_h_state_checkpoint(*args, **kwargs)


class _gw_Tool:
    def authorized_action(self, *args, **kwargs):
        return _gw_h_tool_authorized_action(*args, **kwargs)


llm = _gw_Llm()
memory = _gw_Memory()
agent = _gw_Agent()
channel = _gw_Channel()
state = _gw_State()
tool = _gw_Tool()


def _gw_final_var(name, pairs):
    """The value of the variable, for FINAL."""
    known = []
    for each, read in pairs:
        try:
            value = read()
        except NameError:
            continue
        if each == name:
            return value
        known.append(each)
    shown = ", ".join(known) if known else "none yet"
    raise NameError("FINAL_VAR: there is no variable " + repr(name) + "; the variables are: " + shown)
