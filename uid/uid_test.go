package uid_test

import (
	"strings"
	"testing"

	"holdfast/uid"
)

func TestTextRoundTrip(t *testing.T) {
	prev := ""
	for range 1000 {
		id := uid.New()
		text := id.Text("res")
		if text <= prev {
			t.Fatalf("%s does not sort after %s", text, prev)
		}
		prev = text
		back, err := uid.Parse("res", text)
		if err != nil || back != id {
			t.Fatalf("%s -> %v, %v", text, back, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := uid.New().Text("res")
	for _, bad := range []string{"", "res_", "itm" + good[3:], strings.ToUpper(good), good + "0", good[:len(good)-1], good[:len(good)-1] + "z", good[:10] + "i" + good[11:]} {
		if id, err := uid.Parse("res", bad); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", bad, id)
		}
	}
}

func TestLocator(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		l := uid.Locator()
		if len(l) != 6 || strings.ContainsAny(l, "01258BILOSUVZ") {
			t.Fatalf("locator %q", l)
		}
		seen[l] = true
	}
	if len(seen) < 9_990 {
		t.Errorf("only %d of 10,000 differ", len(seen))
	}
}
