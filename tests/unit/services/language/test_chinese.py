from __future__ import annotations

import pytest

from services.language.chinese import chinese_script


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\u6c49\u5b57\u7b80\u4f53\u4e2d\u6587\u6d4b\u8bd5", "zh"),
        ("\u6f22\u5b57\u7e41\u9ad4\u4e2d\u6587\u6e2c\u8a66", "zh-TW"),
        ("\u4e2d\u6587", "zh"),
        ("", "zh"),
    ],
)
def test_script(text: str, code: str) -> None:
    assert chinese_script(text) == code
