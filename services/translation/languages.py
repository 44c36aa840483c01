"""Names of languages, in the ten languages that ListLanguages may be asked for. Own table, from general knowledge."""

from __future__ import annotations

from collections.abc import Mapping

from shared import errors

#: Languages that names can be asked in.
DISPLAY = ("en", "de", "es", "fr", "it", "ja", "ko", "pt", "zh", "zh-TW")

#: Code -> its name in each language of ``DISPLAY``, in that order.
_NAMES: Mapping[str, str] = {
    "ar": "Arabic|Arabisch|Árabe|Arabe|Arabo|アラビア語|아랍어|Árabe|阿拉伯语|阿拉伯文",
    "ca": "Catalan|Katalanisch|Catalán|Catalan|Catalano|カタロニア語|카탈로니아어|Catalão|加泰罗尼亚语|加泰隆尼亞文",
    "cs": "Czech|Tschechisch|Checo|Tchèque|Ceco|チェコ語|체코어|Tcheco|捷克语|捷克文",
    "da": "Danish|Dänisch|Danés|Danois|Danese|デンマーク語|덴마크어|Dinamarquês|丹麦语|丹麥文",
    "de": "German|Deutsch|Alemán|Allemand|Tedesco|ドイツ語|독일어|Alemão|德语|德文",
    "el": "Greek|Griechisch|Griego|Grec|Greco|ギリシャ語|그리스어|Grego|希腊语|希臘文",
    "en": "English|Englisch|Inglés|Anglais|Inglese|英語|영어|Inglês|英语|英文",
    "es": "Spanish|Spanisch|Español|Espagnol|Spagnolo|スペイン語|스페인어|Espanhol|西班牙语|西班牙文",
    "fi": "Finnish|Finnisch|Finés|Finnois|Finlandese|フィンランド語|핀란드어|Finlandês|芬兰语|芬蘭文",
    "fr": "French|Französisch|Francés|Français|Francese|フランス語|프랑스어|Francês|法语|法文",
    "hi": "Hindi|Hindi|Hindi|Hindi|Hindi|ヒンディー語|힌디어|Hindi|印地语|印地文",
    "hu": "Hungarian|Ungarisch|Húngaro|Hongrois|Ungherese|ハンガリー語|헝가리어|Húngaro|匈牙利语|匈牙利文",
    "it": "Italian|Italienisch|Italiano|Italien|Italiano|イタリア語|이탈리아어|Italiano|意大利语|義大利文",
    "ja": "Japanese|Japanisch|Japonés|Japonais|Giapponese|日本語|일본어|Japonês|日语|日文",
    "ko": "Korean|Koreanisch|Coreano|Coréen|Coreano|韓国語|한국어|Coreano|韩语|韓文",
    "nl": "Dutch|Niederländisch|Neerlandés|Néerlandais|Olandese|オランダ語|네덜란드어|Holandês|荷兰语|荷蘭文",
    "no": "Norwegian|Norwegisch|Noruego|Norvégien|Norvegese|ノルウェー語|노르웨이어|Norueguês|挪威语|挪威文",
    "pl": "Polish|Polnisch|Polaco|Polonais|Polacco|ポーランド語|폴란드어|Polonês|波兰语|波蘭文",
    "pt": "Portuguese|Portugiesisch|Portugués|Portugais|Portoghese|ポルトガル語|포르투갈어|Português|葡萄牙语|葡萄牙文",
    "ro": "Romanian|Rumänisch|Rumano|Roumain|Rumeno|ルーマニア語|루마니아어|Romeno|罗马尼亚语|羅馬尼亞文",
    "ru": "Russian|Russisch|Ruso|Russe|Russo|ロシア語|러시아어|Russo|俄语|俄文",
    "sv": "Swedish|Schwedisch|Sueco|Suédois|Svedese|スウェーデン語|스웨덴어|Sueco|瑞典语|瑞典文",
    "tr": "Turkish|Türkisch|Turco|Turc|Turco|トルコ語|터키어|Turco|土耳其语|土耳其文",
    "uk": "Ukrainian|Ukrainisch|Ucraniano|Ukrainien|Ucraino|ウクライナ語|우크라이나어|Ucraniano|乌克兰语|烏克蘭文",
    "vi": "Vietnamese|Vietnamesisch|Vietnamita|Vietnamien|Vietnamita|ベトナム語|베트남어|Vietnamita|越南语|越南文",
    "zh": "Chinese|Chinesisch|Chino|Chinois|Cinese|中国語|중국어|Chinês|中文|中文",
}  # fmt: skip


def name(code: str, display: str) -> str:
    """The language's name in another; its code where the table has none.

    Raises:
        UnsupportedDisplayLanguage: there are no names in ``display``.
    """
    if display not in DISPLAY:
        raise errors.UnsupportedDisplayLanguage(f"Names of languages come in: {', '.join(DISPLAY)}.")
    names = _NAMES.get(code)
    return names.split("|")[DISPLAY.index(display)] if names is not None else code
