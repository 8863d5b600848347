"""What every made-up searcher of the tests has in common."""

from __future__ import annotations


class Searching:
    """Searches everything in one way."""

    def prepare(self):
        pass

    def search_text(self, _data):
        return ()

    def search_blob(self, data):
        return self.search_text(data)

    def search_stream(self, chunks):
        return self.search_text(b"".join(chunks))

    def sparing(self):
        return self

    def search_message(self, data):
        return self.search_text(data)

    def search_names(self, data):
        return self.search_text(data)

    def search_file(self, data):
        return self.search_blob(data), True

    def search_known_file(self, data):
        return self.search_blob(data)

    def suspects(self, _data):
        return True

    def brings_sign(self, _delta):
        return False
