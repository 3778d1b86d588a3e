package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzFile: a configuration file is read into texts of known settings, or refused with its name in the message.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"addr":"127.0.0.1:8080"}`, `{"caps":{"suppliers":{}}}`, `{"adr":"x"}`, `{"addr":1}`, `{"addr":null}`, `[]`, `null`, `{"addr":"a","addr":"b"}`, `{"caps":{"caps":{"caps":{}}}}`,
		strings.Repeat(`{"caps":`, 2000), "\xef\xbb\xbf{}", "{\"addr\":\"\xff\"}", `{"config":"x"}`, `{"caps.suppliers":{"sup_x":{}}}`,
	} {
		f.Add([]byte(seed))
	}
	l := NewLoader(&Config{})
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "holdfast.json")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		values, suppliers, err := readFile(name, l.fields)
		if err != nil {
			if !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), "setting") {
				t.Fatalf("refused with %v, which says nothing of the file", err)
			}
			return
		}
		known := map[string]bool{}
		for _, f := range l.fields {
			known[f.key] = true
		}
		for key := range values {
			if !known[key] {
				t.Fatalf("%q was taken for a setting", key)
			}
		}
		if suppliers != nil {
			if caps, err := supplierCaps(suppliers, Caps{}); err == nil && len(caps) > len(data) {
				t.Fatalf("%d suppliers from %d bytes", len(caps), len(data))
			}
		}
	})
}
