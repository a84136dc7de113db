"""Events and their tags."""

import dataclasses

from greatwheel.core import events
from greatwheel.core.events import EVENTS, HostCallServed, RunStarted, StepCompleted, tag
from greatwheel.core.ids import RunId, new_run_id, new_session_id


def test_tags_are_mechanical() -> None:
    """The tag of an event is its words: the last one, the fact, after a dot."""
    assert [tag(RunStarted), tag(StepCompleted), tag(HostCallServed)] == [
        "run.started",
        "step.completed",
        "host_call.served",
    ]


def test_an_instance_has_its_class_tag() -> None:
    """An event has the tag of its class."""
    step = StepCompleted(run_id=RunId("run_1"), step=1, outcome="finished", stdout="", observation="")
    assert tag(step) == tag(StepCompleted)


def test_every_event_is_listed_once_with_a_tag_of_its_own() -> None:
    """EVENTS has every event class of the module, and no two share a tag."""
    classes = {
        each
        for each in vars(events).values()
        if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == events.__name__
    }
    assert set(EVENTS) == classes
    assert len({tag(each) for each in EVENTS}) == len(EVENTS)


def test_events_name_their_run() -> None:
    """Every event says to which run it belongs."""
    assert all("run_id" in {field.name for field in dataclasses.fields(each)} for each in EVENTS)


def test_ids_are_fresh_and_say_what_they_name() -> None:
    """Ids carry the kind of thing that they name, and none comes twice."""
    assert new_run_id().startswith("run_")
    assert new_session_id().startswith("ses_")
    assert len({new_run_id() for _ in range(1000)}) == 1000
