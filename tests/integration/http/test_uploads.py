"""Files that are uploaded once and named in orders."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from greatwheel.channels.http import uploads
from greatwheel.runtime.keeping import kept_context, reseal_kept
from greatwheel.tenancy.sealing import MasterKey, Sealer

from .conftest import Caller, House


async def put(caller: Caller, name: str, content: bytes, status: int = 201) -> Any:
    """What the upload of a file gives."""
    return await caller("POST", "/api/uploads", status, files={"file": (name, content)})


async def context(house: House, caller: Caller, task_id: str) -> Any:
    """The context that a task has."""
    task = await house.task(caller.org_id, task_id)
    assert task.context is not None
    async with house.parts.database.org(caller.org_id) as conn:
        return await kept_context(conn, caller.org_id, house.parts.sealer, task.context)


async def blobs(house: House, caller: Caller) -> int:
    """How many contents the organisation keeps."""
    async with house.parts.database.org(caller.org_id) as conn:
        row = await (await conn.execute("select count(*) as n from blobs")).fetchone()
    assert row is not None
    return int(row["n"])


async def age(house: House, caller: Caller) -> None:
    """Let a day pass for the uploads, and forget those whose time is over."""
    async with house.parts.database.org(caller.org_id) as conn:
        await conn.execute("update uploads set created_at = created_at - interval '25 hours'")
    await uploads.drop_old(house.parts.database, caller.org_id)


async def test_a_file_is_the_context_of_a_task(house: House, member: Caller) -> None:
    """Its text is, or its data when it is JSON; it may be named more than once; chat takes it, too."""
    text = await put(member, "notes.txt", "\ufeffgrüße\n".encode())
    assert (text["name"], text["chars"]) == ("notes.txt", 6)
    made = await member.submit(upload_id=text["upload_id"])
    assert await context(house, member, made["task_id"]) == "grüße\n"
    again = await member.submit(upload_id=text["upload_id"])
    assert await context(house, member, again["task_id"]) == "grüße\n"
    data = await put(member, "rows.JSON", b'[{"a": 1}]')
    order = {"message": "x", "agent": "worker", "upload_id": data["upload_id"], "stream": False, "wait_seconds": 0.01}
    told = await member("POST", "/api/chat", 202, json=order)
    assert await context(house, member, told["task"]["task_id"]) == [{"a": 1}]


async def test_what_is_no_text_is_refused(member: Caller) -> None:
    """Bytes that are no text are 415, an empty file 400, a missing or wrong field 422: each says what to do."""
    for content in (b"\xff\xfe\x00", b"a\x00b", b"\xe9"):
        refused = await put(member, "x.bin", content, 415)
        assert (refused["error"]["code"], "x.bin" in refused["error"]["message"]) == ("input.not_text", True)
    await put(member, "empty.txt", b"", 400)
    await put(member, "empty.json", b"[]", 400)
    await member("POST", "/api/uploads", 422, files={"other": ("x", b"x")})
    await member("POST", "/api/uploads", 422, data={"file": "x"})
    await member("POST", "/api/uploads", 422, json={"file": "x"})
    for body in (b"", b"--x", b"--x\r\n\r\n"):
        sent = {"content": body, "headers": {"content-type": "multipart/form-data; boundary=x"}}
        assert (await member.client.post("/api/uploads", **sent)).status_code in (400, 422)  # type: ignore[arg-type]


async def test_a_file_that_is_too_large_is_refused(member: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit it is 413, and the message says how large it may be; one of more than the usual body is not."""
    large = b"x" * (3 * 1024 * 1024)
    assert (await put(member, "large.txt", large))["chars"] == len(large)
    monkeypatch.setattr(uploads, "MOST_BYTES", len(large) - 1)
    refused = await put(member, "large.txt", large, 413)
    assert (refused["error"]["code"], "100 MB" in refused["error"]["message"]) == ("input.file_too_large", True)


async def test_an_upload_is_its_users_alone(house: House, admin: Caller, member: Caller, stranger: Caller) -> None:
    """Others, an admin too, can't name it; nor can anybody name what is not there, or an upload beside a context."""
    made = (await put(member, "a.txt", b"a"))["upload_id"]
    for caller in (admin, stranger):
        await caller("POST", "/api/tasks", 404, json={"input": "x", "agent": "worker", "upload_id": made})
    for unknown in ("upl_none", "", "\x00"):
        order = {"input": "x", "agent": "worker", "upload_id": unknown}
        assert (await member.client.post("/api/tasks", json=order)).status_code in (400, 404)
    both = {"input": "x", "agent": "worker", "upload_id": made, "context": "y"}
    await member("POST", "/api/tasks", 422, json=both)


async def test_names_are_only_names(member: Caller) -> None:
    """Paths, markup, NUL and very long names are kept as texts, cut, and reach no file."""
    for name in ("../../etc/passwd", "<script>alert(1)</script>.txt", "x" * 1000 + ".txt", "a\u202eb.txt"):
        assert len((await put(member, name, b"x"))["name"]) <= 200


async def test_an_unused_upload_is_dropped_after_a_day(house: House, member: Caller) -> None:
    """Its content goes with it; then it can't be named any more."""
    made = (await put(member, "a.txt", b"unused"))["upload_id"]
    assert await blobs(house, member) == 1
    await uploads.drop_old(house.parts.database, member.org_id)
    assert await blobs(house, member) == 1
    await age(house, member)
    assert await blobs(house, member) == 0
    await member("POST", "/api/tasks", 404, json={"input": "x", "agent": "worker", "upload_id": made})


async def test_a_used_uploads_content_stays_with_its_task(house: House, member: Caller) -> None:
    """Of two uploads with one content the later keeps it; so does a task after both are gone."""
    first = (await put(member, "a.txt", b"same"))["upload_id"]
    await age_one(house, member, first)
    await put(member, "b.txt", b"same")
    await uploads.drop_old(house.parts.database, member.org_id)
    assert await blobs(house, member) == 1
    later = (await put(member, "c.txt", b"same"))["upload_id"]
    task = await member.submit(upload_id=later)
    await age(house, member)
    assert await context(house, member, task["task_id"]) == "same"


async def age_one(house: House, caller: Caller, upload_id: str) -> None:
    """Let a day pass for one upload."""
    async with house.parts.database.org(caller.org_id) as conn:
        await conn.execute(
            "update uploads set created_at = created_at - interval '25 hours' where upload_id = %s", (upload_id,)
        )


async def test_an_order_and_the_sweep_do_not_cross(house: House, member: Caller) -> None:
    """The sweep waits for an order that holds an upload, and then leaves its content alone."""
    made = (await put(member, "a.txt", b"raced"))["upload_id"]
    database, org_id = house.parts.database, member.org_id
    async with database.org(org_id) as conn:
        await conn.execute("select from uploads where upload_id = %s for share", (made,))
        sweeping = asyncio.create_task(age(house, member))
        await asyncio.sleep(0.2)
        assert not sweeping.done()
        row = await (await conn.execute("select digest from uploads where upload_id = %s", (made,))).fetchone()
        task = await member.submit()
        assert row is not None
        await conn.execute("update tasks set context = %s where task_id = %s", (row["digest"], task["task_id"]))
    await asyncio.wait_for(sweeping, 20)
    assert await blobs(house, member) == 1


async def test_an_upload_is_sealed_anew_with_a_new_master_key(house: House, member: Caller) -> None:
    """After a rotation its content opens without the old key."""
    made = await put(member, "a.txt", b"rotated")
    old, new = MasterKey(secret=b"k" * 32), MasterKey(secret=b"n" * 32)
    assert await reseal_kept(house.parts.database, member.org_id, Sealer([new, old])) == 1
    task = await house.task(member.org_id, (await member.submit(upload_id=made["upload_id"]))["task_id"])
    assert task.context is not None
    async with house.parts.database.org(member.org_id) as conn:
        assert await kept_context(conn, member.org_id, Sealer([new]), task.context) == "rotated"


async def test_uploads_that_nothing_has_taken_hold_so_much(house: House, member: Caller, admin: Caller) -> None:
    """One more is 429, by whomever of the organisation, and nothing of it is kept, until some is used or forgotten."""
    house.app.state.upload_bytes = 2_500
    first = await put(member, "a.txt", b"a" * 1_000)
    await put(admin, "b.txt", b"b" * 1_000)
    refused = await put(member, "c.txt", b"c" * 1_000, 429)
    assert refused["error"]["code"] == "limit.uploads"
    assert "2,500 bytes" in refused["error"]["message"]
    assert await blobs(house, member) == 2
    await put(member, "again.txt", b"a" * 1_000)  # what is there already takes no room
    await member.submit(upload_id=first["upload_id"])
    await put(member, "c.txt", b"c" * 1_000)
    await put(member, "d.txt", b"d" * 1_000, 429)
    await age(house, member)
    both = await asyncio.gather(
        *(member.client.post("/api/uploads", files={"file": ("x", c * 1_500)}) for c in (b"e", b"f"))
    )
    assert sorted(answer.status_code for answer in both) == [201, 429]
