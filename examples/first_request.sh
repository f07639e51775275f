# Over both APIs, with curl. DRAGOMAN_API_KEY holds a key.
URL="${DRAGOMAN_URL:-http://127.0.0.1:8484}"

curl -sS --fail-with-body "$URL/v1/chat/completions" \
  -H "Authorization: Bearer $DRAGOMAN_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "agent_demo", "messages": [{"role": "user", "content": "Hello!"}]}'
echo

curl -sS --fail-with-body "$URL/v1/responses" \
  -H "Authorization: Bearer $DRAGOMAN_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"model": "agent_demo", "input": "Hello!"}'
echo
