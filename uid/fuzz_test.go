package uid_test

import (
	"testing"

	"holdfast/uid"
)

// FuzzParse: an id has one text, and nothing else is read as it.
func FuzzParse(f *testing.F) {
	f.Add("res", uid.New().Text("res"))
	f.Add("res", "res_01KAVWY2X4E8HRN5Z3M7Q9T6B0")
	f.Add("res", "res_zzzzzzzzzzzzzzzzzzzzzzzzzz")
	f.Add("", "_00000000000000000000000000")
	f.Add("itm", "res_00000000000000000000000000")
	f.Add("res", "res_0000000000000000000000000\n")
	f.Fuzz(func(t *testing.T, prefix, text string) {
		id, err := uid.Parse(prefix, text)
		if err == nil && id.Text(prefix) != text {
			t.Fatalf("%q is read as %q", text, id.Text(prefix))
		}
	})
}
