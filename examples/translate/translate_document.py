"""An HTML page in another language: markup, code and links stay."""

import boto3

PAGE = """<html><body>
<h1>The house</h1>
<p>I have a <a href="https://example.org/book">red book</a>.</p>
<pre>nonet up</pre>
</body></html>"""

translate = boto3.client("translate")
answer = translate.translate_document(
    Document={"Content": PAGE.encode(), "ContentType": "text/html"}, SourceLanguageCode="en", TargetLanguageCode="de"
)
print(answer["TranslatedDocument"]["Content"].decode())
