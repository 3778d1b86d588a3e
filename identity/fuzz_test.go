package identity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzTokenFile: a file of tokens gives principals that are complete, or is refused without a word of what may be a
// token.
func FuzzTokenFile(f *testing.F) {
	const secret = "s3cret-s3cret-s3cret-s3cret"
	for _, seed := range []string{
		`[]`, `null`, `{}`, `[{"token":"` + secret + `","subject":"ada","scopes":["offers:read"]}]`,
		`[{"token":"` + secret + `","subject":"ada","scopes":["offers:read"]},{"token":"` + secret + `","subject":"bob","scopes":["offers:read"]}]`,
		`[{"token":"` + secret + `","token":"` + secret + `"}]`, `[{"token":"` + secret + `"x`, `[{"token":["` + secret + `"]}]`, `[{"` + secret + `":1}]`,
		`[{"token":"` + secret + ` ","subject":"ada","scopes":["offers:read"]}]`, `[{"token":"` + secret + `","subject":"ada","supplier":"sup_x","scopes":["*"]}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "tokens.json")
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		tokens, _, err := readTokenFile(name)
		var set tokenSet
		if err == nil {
			set, err = newTokenSet(tokens)
		}
		if err != nil {
			for _, token := range tokens { // as far as the file could be read
				if len(token.Token) >= minTokenLength && strings.Contains(err.Error(), token.Token) && !strings.Contains(token.Subject, token.Token) {
					t.Fatalf("the refusal repeats a token: %v", err)
				}
			}
			return
		}
		if len(set) != len(tokens) {
			t.Fatalf("%d tokens give %d entries", len(tokens), len(set))
		}
		for _, p := range set {
			if p.Subject == "" || len(p.Scopes) == 0 {
				t.Fatalf("an incomplete principal %+v", p)
			}
		}
	})
}
