"""What every made-up searcher of the tests has in common."""

from __future__ import annotations


class Searching:
    """Searches everything in one way."""

    def search(self, _data, **_how):
        return ()

    def search_known(self, data):
        return self.search(data)

    def search_known_names(self, data):
        return self.search(data)

    def search_blob(self, data, **how):
        return self.search(data, **how)

    def search_known_blob(self, data):
        return self.search_blob(data)

    def search_stream(self, chunks):
        return self.search(b"".join(chunks))

    def search_container(self, data):
        return self.search_blob(data)

    def suspects(self, _data):
        return True

    def sign_test(self):
        return lambda _data: False
