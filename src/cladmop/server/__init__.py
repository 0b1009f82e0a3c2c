"""The service: a REST API and a page around one warm model, for people who do not write Python."""
