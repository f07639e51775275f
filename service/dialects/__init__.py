"""The APIs, as pure translations: wire bytes to `RunRequest`, neutral events to wire events."""
