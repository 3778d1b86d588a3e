package admin

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzRead: whatever a server on the socket says, the client comes to a result or an error.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "{}\n", `{"progress":{"done":1,"total":2}}` + "\n" + `{"result":{"a":1}}` + "\n", `{"error":{"message":"no"}}`, "null\n", "{\n", `{"result":null}`, "\xff\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		var result json.RawMessage
		steps := 0
		err := read(bytes.NewReader(said), &result, func(int64, int64) { steps++ })
		if err == nil && len(result) > 0 && !json.Valid(result) {
			t.Fatalf("%q gives the result %q", said, result)
		}
		if steps > len(said) {
			t.Fatalf("%d steps from %d bytes", steps, len(said))
		}
	})
}
