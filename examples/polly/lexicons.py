"""A lexicon: how a shop wants its abbreviations said."""

import boto3

LEXICON = """<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
    alphabet="ipa" xml:lang="en-US">
  <lexeme><grapheme>SKU</grapheme><alias>article number</alias></lexeme>
</lexicon>"""

polly = boto3.client("polly")
polly.put_lexicon(Name="shop", Content=LEXICON)
for lexicon in polly.list_lexicons()["Lexicons"]:
    print(lexicon["Name"], lexicon["Attributes"]["LexemesCount"])
print("its alphabet is", polly.get_lexicon(Name="shop")["LexiconAttributes"]["Alphabet"])
answer = polly.synthesize_speech(Text="The SKU is 12.", OutputFormat="pcm", VoiceId="Joanna", LexiconNames=["shop"])
print(len(answer["AudioStream"].read()) > 32000)
polly.delete_lexicon(Name="shop")
