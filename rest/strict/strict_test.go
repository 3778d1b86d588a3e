package strict_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"holdfast/rest/strict"
)

type inner struct {
	Name string `json:"name"`
	Ages []int  `json:"ages"`
}

type outer struct {
	ID    string  `json:"id"`
	Count int32   `json:"count"`
	Items []inner `json:"items"`
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		in, code, pointer string
		syntax            bool
	}{
		"good":                    {in: `{"id": "a", "count": 3, "items": [{"name": "b", "ages": [1, 2]}]}`},
		"blanks around":           {in: "\n {\"id\": \"a\"}\t\n"},
		"empty":                   {in: ``, code: "malformed_json", syntax: true},
		"blanks":                  {in: `   `, code: "malformed_json", syntax: true},
		"cut off":                 {in: `{"id": "a"`, code: "malformed_json", syntax: true},
		"cut off in a text":       {in: `{"id": "a`, code: "malformed_json", syntax: true, pointer: "*"},
		"not JSON":                {in: `id=a`, code: "malformed_json", syntax: true},
		"comma at the end":        {in: `{"id": "a",}`, code: "malformed_json", syntax: true, pointer: "*"},
		"comment":                 {in: `{/*x*/}`, code: "malformed_json", syntax: true},
		"NaN":                     {in: `{"count": NaN}`, code: "malformed_json", syntax: true, pointer: "/count"},
		"leading zero":            {in: `{"count": 01}`, code: "malformed_json", syntax: true, pointer: "*"},
		"two values":              {in: `{} {}`, code: "trailing_data", syntax: true},
		"something behind":        {in: `{}x`, code: "trailing_data", syntax: true},
		"same key twice":          {in: `{"id": "a", "id": "b"}`, code: "duplicate_key", pointer: "/id", syntax: true},
		"same key twice, deep":    {in: `{"items": [{"name": "a", "name": "b"}]}`, code: "duplicate_key", pointer: "/items/0/name", syntax: true},
		"same key, escaped":       {in: `{"id": "a", "\u0069d": "b"}`, code: "duplicate_key", pointer: "/id", syntax: true},
		"same unknown key twice":  {in: `{"x": 1, "x": 2}`, code: "unknown_field", pointer: "/x"},
		"invalid UTF-8":           {in: "{\"id\": \"\xff\"}", code: "invalid_utf8", pointer: "/id", syntax: true},
		"invalid UTF-8 in a key":  {in: "{\"i\xffd\": 1}", code: "invalid_utf8", syntax: true, pointer: "*"},
		"half surrogate":          {in: `{"id": "\ud800"}`, code: "invalid_utf8", pointer: "/id", syntax: true},
		"wrong case":              {in: `{"ID": "a"}`, code: "unknown_field", pointer: "/ID"},
		"unknown":                 {in: `{"colour": "red"}`, code: "unknown_field", pointer: "/colour"},
		"unknown, deep":           {in: `{"items": [{}, {"given/name": 1}]}`, code: "unknown_field", pointer: "/items/1/given~1name"},
		"number for a text":       {in: `{"id": 5}`, code: "wrong_type", pointer: "/id"},
		"text for a number":       {in: `{"count": "5"}`, code: "wrong_type", pointer: "/count"},
		"fraction for an integer": {in: `{"count": 1.5}`, code: "wrong_type", pointer: "/count"},
		"too large":               {in: `{"count": 99999999999}`, code: "too_large", pointer: "/count"},
		"list for an object":      {in: `[]`, code: "wrong_type"},
		"escaped NUL":             {in: `{"a": "b\u0000"}`, code: "nul_character", syntax: true},
		"too deep":                {in: strings.Repeat("[", 17) + strings.Repeat("]", 17), code: "too_deep", syntax: true},
		"brackets in a text":      {in: `{"id": "` + strings.Repeat("[", 40) + `\""}`},
	} {
		t.Run(name, func(t *testing.T) {
			var v outer
			err := strict.Decode([]byte(c.in), &v)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *strict.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an Error", err)
			}
			if e.Code != c.code || e.Syntax != c.syntax || c.pointer != "*" && e.Pointer != c.pointer {
				t.Errorf("got %s at %q (syntax %v), want %s at %q (syntax %v)", e.Code, e.Pointer, e.Syntax, c.code, c.pointer, c.syntax)
			}
			if e.Message == "" {
				t.Error("no message")
			}
		})
	}
}

// FuzzDecode holds the decoder against encoding/json: whatever the strict one takes, the lenient one must read to the
// same value; and no error may repeat what cannot be shown.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id": "a", "count": 3, "items": [{"name": "b", "ages": [1]}]}`, `{"id": "a", "ID": "b"}`, `{"id": 1, "id": 2}`, "{\"id\": \"\xff\"}", `{} {}`,
		strings.Repeat("[", 20), `{"items": [{"name": "\ud800"}]}`, `{"count": 1e400}`, `null`, `"` + strings.Repeat("x", 100) + `"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v outer
		err := strict.Decode(data, &v)
		if err != nil {
			var e *strict.Error
			if !errors.As(err, &e) || e.Code == "" || e.Message == "" {
				t.Fatalf("error without a code: %v", err)
			}
			if !utf8.ValidString(e.Message) || len(e.Message) > 200 {
				t.Fatalf("message %q", e.Message)
			}
			return
		}
		if !utf8.Valid(data) {
			t.Fatalf("took bytes that are not UTF-8: %q", data)
		}
		var w outer
		if err := json.Unmarshal(data, &w); err != nil {
			t.Fatalf("took what encoding/json does not: %q: %v", data, err)
		}
		a, _ := json.Marshal(v)
		b, _ := json.Marshal(w)
		if !sameJSON(a, b) {
			t.Fatalf("%q read as %s and %s", data, a, b)
		}
		var any1 any
		if err := strict.Decode(data, &any1); err != nil {
			t.Fatalf("a struct reads it, any does not: %q: %v", data, err)
		}
	})
}

// sameJSON compares as values; encoding/json writes an empty list where the strict decoder leaves null, or the reverse.
func sameJSON(a, b []byte) bool {
	norm := func(x []byte) string { return strings.ReplaceAll(string(x), "null", "[]") }
	return norm(a) == norm(b)
}
