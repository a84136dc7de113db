"""People who talk to agents in Slack."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from greatwheel.core.tasks import SubmitTask, Task
from greatwheel.database.connection import OrgConnection
from greatwheel.scheduler.submission import Submission
from greatwheel.scheduler.tasks import TaskStore

from ..http.conftest import Caller, House
from ..webhooks.conftest import MovedClock, until
from .conftest import TOKEN, Slack, Workspace, errands, refusal

SIGNED_WRONG = {"x-slack-signature": f"v0={'0' * 64}", "x-slack-request-timestamp": str(int(time.time()))}


async def begun(workspace: Workspace, number: int) -> Task:
    """The task of that number, once it is there, as a worker has it."""
    made = (await workspace.tasks(number))[number - 1]
    return await workspace.house.begin(workspace.admin.org_id, made["task_id"])


async def test_a_mention_becomes_a_task_and_its_answer_is_posted(workspace: Workspace, slack: Slack) -> None:
    """The words without the mention go to the app's agent for the default user; messages and the answer come back
    into the thread, in their order, by the bot's token."""
    house = workspace.house
    async with errands(house, slack):
        body = await workspace.say("<@UBOT> count it &amp; tell")
        task = await begun(workspace, 1)
        assert (task.input, task.path) == ("count it & tell", ["worker"])
        for number in range(5):
            await house.tell(task, "message.sent", text=f"step {number} <!channel>")
        await house.end(task, answer="42")
        posts = await slack.posted(6)
    assert [post.text for post in posts] == [*(f"step {number} &lt;!channel&gt;" for number in range(5)), "42"]
    assert {(post.channel, post.thread, post.token) for post in posts} == {("C1", body["event"]["ts"], TOKEN)}
    assert all(post.fields["unfurl_links"] in (False, "0", "false") for post in posts)
    facts = await workspace.admin("GET", f"/api/slack/{workspace.app['slack_id']}")
    assert (facts["waiting"], facts["heard_at"] is not None) == (0, True)


async def test_a_thread_is_a_session(workspace: Workspace, slack: Slack) -> None:
    """What is said in one thread goes on in one session; another thread, and another channel, have their own."""
    async with errands(workspace.house, slack):
        first = await workspace.say("<@UBOT> one")
        await workspace.house.end(await begun(workspace, 1), answer="1")
        await workspace.say("<@UBOT> two", thread_ts=first["event"]["ts"])
        await workspace.house.end(await begun(workspace, 2), answer="2")
        await workspace.say("<@UBOT> three")
        await workspace.say("<@UBOT> four", channel="C2", thread_ts=first["event"]["ts"])
        tasks = await workspace.tasks(4)
        posts = await slack.posted(2)
    sessions = [task["session_id"] for task in tasks]
    assert sessions[0] == sessions[1]
    assert len(set(sessions)) == 3
    assert [(post.text, post.thread) for post in posts] == [("1", first["event"]["ts"]), ("2", first["event"]["ts"])]


async def test_a_direct_message_needs_no_mention(workspace: Workspace, slack: Slack) -> None:
    """Where nobody else is, everything is to us; in a channel what people say to each other is not."""
    async with errands(workspace.house, slack):
        await workspace.say("hello", type="message", channel_type="im", channel="D1")
        await workspace.say("lunch?", type="message", channel_type="channel")
        await workspace.settled()
        assert [task["input"] for task in await workspace.tasks(1)] == ["hello"]


async def test_a_reply_answers_the_question(workspace: Workspace, slack: Slack) -> None:
    """A question is posted with its choices; a reply in the thread, with or without a mention and in any case, answers
    it, once; what is no choice is refused in the thread."""
    house = workspace.house
    async with errands(house, slack):
        first = await workspace.say("<@UBOT> deploy")
        thread = first["event"]["ts"]
        task = await begun(workspace, 1)
        await house.ask(task, "Really?", choices=["Yes", "No"])
        posts = await slack.posted(1)
        assert posts[0].text == "Really?\n• Yes\n• No\n_Reply in this thread to answer._"
        await workspace.say("perhaps", type="message", channel_type="channel", thread_ts=thread)
        posts = await slack.posted(2)
        assert "must be one of: Yes, No" in posts[1].text
        ts = "1700000999.000001"
        said = {"ts": ts, "thread_ts": thread, "channel_type": "channel"}
        await workspace.say("<@UBOT> yes", type="message", **said)
        await workspace.say("<@UBOT> yes", type="app_mention", **said)
        await workspace.settled()
        assert (await house.task(workspace.admin.org_id, task.task_id)).status in ("queued", "admitted")
        async with house.parts.database.org(workspace.admin.org_id) as conn:
            row = await (await conn.execute("select convert_from(answer, 'UTF8') as a from host_calls")).fetchone()
        assert row is not None
        assert json.loads(row["a"]) == "Yes"
        await workspace.say("thanks", type="message", channel_type="channel", thread_ts=thread)
        await workspace.settled()
    assert len(await workspace.tasks(1)) == 1


async def test_slack_is_acknowledged_while_the_organisation_is_busy(workspace: Workspace, slack: Slack) -> None:
    """An event is acknowledged within Slack's three seconds though the task it becomes must wait for a lock."""
    database, org_id = workspace.house.parts.database, workspace.admin.org_id
    async with errands(workspace.house, slack):
        async with database.org(org_id) as conn:
            await conn.execute("select from orgs where org_id = %s for update", (org_id,))
            began = time.monotonic()
            await workspace.say("<@UBOT> count")
            assert time.monotonic() - began < 3
            await asyncio.sleep(0.3)
            found = await (await conn.execute("select from tasks")).fetchall()
            assert found == []
        await workspace.tasks(1)


async def test_a_repeated_event_counts_once(workspace: Workspace, slack: Slack) -> None:
    """Slack repeats what it takes for lost: also at the same time, and after the event was dealt with."""
    async with errands(workspace.house, slack):
        body = await workspace.say("<@UBOT> count")
        again = [workspace.send(body, **{"x-slack-retry-num": str(number)}) for number in range(3)]
        assert {answer.status_code for answer in await asyncio.gather(*again)} == {200}
        await workspace.settled()
        assert (await workspace.send(body, **{"x-slack-retry-num": "3"})).status_code == 200
        await workspace.settled()
        assert len(await workspace.tasks(1)) == 1


async def test_several_workers_deal_with_each_event_once_and_in_order(workspace: Workspace, slack: Slack) -> None:
    """What was said in a thread becomes tasks in the order in which it was said."""
    async with errands(workspace.house, slack), errands(workspace.house, slack), errands(workspace.house, slack):
        for number in range(12):
            await workspace.say(f"<@UBOT> {number}", thread_ts="1700000000.999999")
        tasks = await workspace.tasks(12)
        await workspace.settled()
    assert [task["input"] for task in tasks] == [str(number) for number in range(12)]
    assert len({task["session_id"] for task in tasks}) == 1


async def test_a_challenge_is_answered_and_signatures_are_checked(workspace: Workspace, clock: MovedClock) -> None:
    """The URL's challenge comes back; a wrong, old or missing signature and an app that is not there are refused in
    the very same words."""
    challenge = {"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}
    answer = await workspace.send(challenge)
    assert answer.json() == {"challenge": challenge["challenge"]}
    refused = [
        await workspace.send(challenge, secret="another secret"),
        await workspace.send(challenge, at=time.time() - 301),
        await workspace.send(challenge, **{"x-slack-request-timestamp": "soon"}),
        await workspace.send(challenge, **{"x-slack-signature": "v0=é"}),
        await workspace.house.client().post(workspace.app["path"], json=challenge),
        await workspace.house.client().post(workspace.app["path"], content=b"\xff", headers=SIGNED_WRONG),
        await workspace.send(challenge, path="/slack/slk_0000000000000000/events"),
        await workspace.send(challenge, path="/slack/%00/events"),
    ]
    clock.ahead = 301
    refused.append(await workspace.send(challenge))
    assert {(each.status_code, each.text) for each in refused} == {(401, refused[0].text)}
    clock.ahead = 0
    for body in (b"[]", b"{"):
        assert (await workspace.send(body)).status_code == 400


async def test_who_is_not_mapped_is_refused_in_the_thread(
    house: House, admin: Caller, workspace: Workspace, slack: Slack
) -> None:
    """People act for the user they are mapped to, else for the default user, but never somebody of another workspace;
    who acts for nobody is told so."""
    bob = await house.user(admin.org_id, "bob", "member")
    path = f"/api/slack/{workspace.app['slack_id']}/users"
    assert await admin("PUT", f"{path}/U2", json={"user": "bob"}) == {
        "slack_user": "U2", "user_id": bob.user_id, "user_name": "bob",
    }  # fmt: skip
    async with errands(house, slack):
        await workspace.say("<@UBOT> mine", user="U2")
        await workspace.say("<@UBOT> anybody's", user="U3")
        await workspace.say("<@UBOT> a stranger's", user="U4", user_team="T2")
        tasks = await workspace.tasks(2)
        posts = await slack.posted(1)
    assert [task["user_id"] for task in tasks] == [bob.user_id, workspace.app["default_user"]]
    assert "U4" in posts[0].text
    assert (await admin("GET", path))["items"][0]["slack_user"] == "U2"
    await admin("DELETE", f"{path}/U2", 204)
    await admin("DELETE", f"{path}/U2", 404)


async def test_nobody_acts_in_another_users_session(
    house: House, admin: Caller, workspace: Workspace, slack: Slack
) -> None:
    """Two users in one thread have a session each; one's reply does not answer the other's question."""
    await house.user(admin.org_id, "bob", "member")
    await admin("PUT", f"/api/slack/{workspace.app['slack_id']}/users/U2", json={"user": "bob"})
    async with errands(house, slack):
        first = await workspace.say("<@UBOT> deploy")
        thread = first["event"]["ts"]
        task = await begun(workspace, 1)
        await house.ask(task, "Really?")
        await slack.posted(1)
        await workspace.say("yes", type="message", channel_type="channel", thread_ts=thread, user="U2")
        await workspace.say("<@UBOT> what is this?", thread_ts=thread, user="U2")
        tasks = await workspace.tasks(2)
        await workspace.settled()
    assert tasks[0]["session_id"] != tasks[1]["session_id"]
    assert (await house.task(admin.org_id, task.task_id)).status == "waiting"


class Faltering(TaskStore):
    """A store that fails some times."""

    failures = 0

    async def submit(self, conn: OrgConnection, order: SubmitTask, caller: Task | None = None) -> Task:
        """See `TaskStore`."""
        self.failures -= 1
        if self.failures >= 0:
            await conn.execute("insert into slack_messages (org_id, slack_id, channel, ts) values ('', '', '', '')")
        return await super().submit(conn, order, caller)


async def test_what_fails_for_a_while_is_done_later(workspace: Workspace, slack: Slack) -> None:
    """A failure of the host leaves nothing behind; after some the event is passed over, and the next ones are dealt
    with."""
    parts = workspace.house.parts
    tasks = Faltering(Submission(keep=parts.tasks._submission.keep))
    tasks.failures = 2
    async with errands(workspace.house, slack, tasks):
        await workspace.say("<@UBOT> one")
        await workspace.tasks(1)
        tasks.failures = 3
        await workspace.say("<@UBOT> two")
        await workspace.say("<@UBOT> three")
        found = await workspace.tasks(2)
        await workspace.settled()
    assert [task["input"] for task in found] == ["one", "three"]
    assert slack.posts == []


async def test_what_can_not_be_done_is_said(house: House, admin: Caller, workspace: Workspace, slack: Slack) -> None:
    """An empty message, a limit and a disabled user are told in the thread; the next message is dealt with."""
    async with errands(house, slack):
        await workspace.say("<@UBOT>")
        await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day", "hard": 0})
        await workspace.say("<@UBOT> one")
        await slack.posted(2)
        await admin("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day"})
        await admin("PATCH", "/api/users/ada", json={"disabled": True})
        await workspace.say("<@UBOT> two")
        posts = await slack.posted(3)
        await admin("PATCH", "/api/users/ada", json={"disabled": False})
        await workspace.say("<@UBOT> three")
        tasks = await workspace.tasks(1)
    assert ["empty" in posts[0].text, "limit" in posts[1].text, "ask an admin" in posts[2].text] == [True] * 3
    assert [task["input"] for task in tasks] == ["three"]


async def test_an_ended_session_is_followed_by_a_new_one(workspace: Workspace, slack: Slack) -> None:
    """A thread whose session was ended goes on in a new session."""
    async with errands(workspace.house, slack):
        first = await workspace.say("<@UBOT> one")
        task = (await workspace.tasks(1))[0]
        await workspace.admin("DELETE", f"/api/sessions/{task['session_id']}", 204)
        await workspace.say("<@UBOT> two", thread_ts=first["event"]["ts"])
        tasks = await workspace.tasks(2)
    assert tasks[0]["session_id"] != tasks[1]["session_id"]


async def test_slacks_rate_limit_is_kept(workspace: Workspace, slack: Slack) -> None:
    """429 is waited for as long as Slack says, by the whole app, and counts as no failed attempt."""
    slack.refusals = [refusal("ratelimited", 429, Retry_After="1") for _ in range(3)]
    async with errands(workspace.house, slack):
        await workspace.say("<@UBOT> one")
        await workspace.house.end(await begun(workspace, 1), answer="42")
        began = time.monotonic()
        posts = await slack.posted(4)
        assert time.monotonic() - began > 2.5
        log = await until(lambda: done(workspace))
    assert {post.text for post in posts} == {"42"}
    assert [each["status"] for each in log[0]["log"]] == [429, 429, 429, 200]
    assert log[0]["state"] == "done"


async def done(workspace: Workspace, state: str = "done") -> list[dict[str, Any]]:
    """The posts in that state, from the log."""
    path = f"/api/webhooks/{workspace.app['slack_id']}/deliveries"
    items: list[dict[str, Any]] = (await workspace.admin("GET", path, params={"state": state}))["items"]
    return items


@pytest.mark.parametrize(("error", "attempts"), [("channel_not_found", 1), ("invalid_auth", 3)])
async def test_posts_that_slack_refuses_are_given_up(
    workspace: Workspace, slack: Slack, error: str, attempts: int
) -> None:
    """What will not change is dead at once, what an admin can mend after the last attempt; then the next post of the
    thread is made. The token is in no log."""
    slack.refusals = [refusal(error) for _ in range(attempts)]
    async with errands(workspace.house, slack):
        await workspace.say("<@UBOT> one")
        task = await begun(workspace, 1)
        await workspace.house.tell(task, "message.sent", text="lost")
        await workspace.house.tell(task, "message.sent", text="found")
        posts = await slack.posted(attempts + 1)
        dead = await until(lambda: done(workspace, "dead"))
        await until(lambda: done(workspace))
    assert [post.text for post in posts] == ["lost"] * attempts + ["found"]
    assert dead[0]["log"][-1]["error"] == f"Slack answered {error}"
    assert TOKEN not in json.dumps(dead)


async def test_apps_are_looked_after(house: House, admin: Caller, workspace: Workspace, slack: Slack) -> None:
    """They need secrets that are there and names that are free; a removed one hears nothing, and nothing is posted."""
    order = {"name": "acme", "bot_token": "SLACK_BOT_TOKEN", "signing_secret": "SLACK_SIGNING_SECRET"}
    assert (await admin("POST", "/api/slack", 409, json=order))["error"]["code"] == "thing.conflict"
    await admin("POST", "/api/slack", 400, json={**order, "name": "x", "bot_token": "NONE"})
    await admin("POST", "/api/slack", 404, json={**order, "name": "x", "default_user": "nobody"})
    assert [each["name"] for each in (await admin("GET", "/api/slack"))["items"]] == ["acme"]
    async with errands(house, slack):
        await workspace.say("<@UBOT> one")
        task = await begun(workspace, 1)
        await admin("DELETE", f"/api/slack/{workspace.app['slack_id']}", 204)
        await house.end(task, answer="42")
        assert (await workspace.send({"type": "event_callback"})).status_code == 401
        await asyncio.sleep(0.2)
    assert slack.posts == []
    assert (await admin("GET", "/api/slack"))["items"] == []
