"""The real thing: a test PBX, rooms with ears in them, and a callcue with its HTTP port open."""
