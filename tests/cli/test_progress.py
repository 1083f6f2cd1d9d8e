"""How far a target is, in the words of `show` and `wait`."""

from __future__ import annotations

from typing import Any

import pytest

from portal.wording import progress_text


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (None, "-"),
        ({"desired": 3, "updated": 1, "ready": 2}, "1 of 3 new, 2 ready"),
        ({"desired": 3, "updated": 1, "ready": 2, "stalled": "no quota"}, "1 of 3 new, 2 ready: no quota"),
        ({"objects": 0, "wanted": 0, "waiting": ["Viz is to be installed."]}, "Viz is to be installed."),
        ({"objects": 3, "wanted": 47, "waiting": ["44 are to come."]}, "3 of 47 objects: 44 are to come."),
        ({"objects": 47, "wanted": 47, "waiting": []}, "47 of 47 objects"),
        ({"objects": 1, "wanted": 0, "waiting": ["It hangs."]}, "1 object left: It hangs."),
        ({"objects": 2, "wanted": 0, "waiting": []}, "2 objects left"),
        ({"objects": 0, "wanted": 0, "waiting": []}, "-"),
    ],
)
def test_progress_in_words(progress: Any, words: str) -> None:
    assert progress_text(progress) == words
