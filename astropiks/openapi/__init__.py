"""What this process serves, described: an OpenAPI 3.1 document, and what is made of it.

`document.py` puts it together from its parts; `page.py` renders it for people, `samples.py` takes
requests out of it that can be sent.
"""
