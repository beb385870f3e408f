"""The description of the JSON API, made from its own table and models, and a page that shows it."""
