"""Google's Gemini over its own wire, `generateContent`."""
