"""What a call may do."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.core.errors import BadInput, PermissionDenied
from greatwheel.core.ids import OrgId, UserId
from greatwheel.tenancy.permissions import Effective, Grants, parse_patterns, permitted, refusal
from greatwheel.tenancy.principal import Principal

NAMES = st.sampled_from(["web_search", "web_fetch", "mail", "agent:research", "agent:mail"])
PATTERNS = st.lists(st.sampled_from(["*", "web_*", "*:*", "agent:research", "mail", "none"]), max_size=3).map(tuple)
SIDES = st.builds(Grants, allow=PATTERNS, deny=PATTERNS)


@given(NAMES, SIDES, SIDES)
def test_both_sides_must_allow_and_a_denial_wins(permission: str, agent: Grants, user: Grants) -> None:
    """A permission holds exactly when a pattern of each side allows it and no pattern of either denies it."""

    def matches(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(permission, pattern) for pattern in patterns)

    expected = matches(agent.allow) and matches(user.allow) and not matches(agent.deny + user.deny)
    assert permitted(permission, agent=agent, user=user) is expected


@given(NAMES, SIDES, SIDES, PATTERNS)
def test_a_further_denial_never_grants(permission: str, agent: Grants, user: Grants, denied: tuple[str, ...]) -> None:
    """Whatever is denied on top, nothing becomes allowed that was not."""
    stricter = Grants(allow=user.allow, deny=user.deny + denied)
    assert permitted(permission, agent=agent, user=user) or not permitted(permission, agent=agent, user=stricter)


@given(NAMES, SIDES, SIDES)
def test_the_order_of_the_sides_does_not_matter(permission: str, one: Grants, other: Grants) -> None:
    """The effective permissions are an intersection: they are the same with the sides exchanged."""
    assert permitted(permission, agent=one, user=other) is permitted(permission, agent=other, user=one)


def test_a_refusal_names_the_permission_and_the_side() -> None:
    """Who reads the refusal knows which grant is missing, and whose."""
    everything = Grants()
    assert refusal("mail", agent=Grants(allow=("web_*",)), user=everything) == "mail is not granted to the agent"
    assert refusal("mail", agent=everything, user=Grants(deny=("m*",))) == "mail is denied to the user"
    assert refusal("mail", agent=everything, user=everything) is None


@pytest.mark.parametrize("pattern", ["", "a b", "[a-z]", "a?", "tool;drop", "a" * 101])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """A pattern has only the characters of names, and stars."""
    with pytest.raises(BadInput):
        parse_patterns([pattern])


@pytest.mark.parametrize(("pattern", "bare"), [("tool.delete_*", "'delete_*'"), ("tool.*", "'*'"), ("tool.", "'*'")])
def test_a_permission_as_code_calls_tools_is_refused(pattern: str, bare: str) -> None:
    """It would match no permission, so the refusal names the form that does."""
    with pytest.raises(BadInput, match="bare name: write") as refused:
        parse_patterns(["web_*", pattern])
    assert bare in str(refused.value)


def test_only_an_admin_passes_for_one() -> None:
    """A member is refused what needs an admin."""
    Principal(org_id=OrgId("org_1"), user_id=UserId("usr_1"), role="admin").require_admin()
    with pytest.raises(PermissionDenied, match="admin"):
        Principal(org_id=OrgId("org_1"), user_id=UserId("usr_1"), role="member").require_admin()


@given(NAMES, st.integers(0, 14), SIDES, SIDES)
def test_what_may_be_permitted_is_looked_for(permission: str, length: int, agent: Grants, user: Grants) -> None:
    """Whoever has a permission may have one that begins as it does."""
    both = Effective(agent=agent, user=user)
    assert both.may_permit(permission[:length]) or not both.permits(permission)


@pytest.mark.parametrize(
    ("allow", "deny", "may"),
    [
        (("*",), (), True),
        (("far_add",), (), True),
        (("fa*",), (), True),
        (("*_add",), ("far_add",), True),
        (("web_*", "far"), (), False),
        (("*",), ("far_*",), False),
        (("far_add",), ("f*",), False),
    ],
)
def test_what_can_be_no_permission_is_not_looked_for(allow: tuple[str, ...], deny: tuple[str, ...], may: bool) -> None:
    """A server none of whose tools is granted is left alone."""
    both = Effective(agent=Grants(allow=allow, deny=deny), user=Grants())
    assert both.may_permit("far_") is may
