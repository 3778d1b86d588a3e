package identity

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/uid"
)

// Bounds of a token file.
const (
	maxTokenFile    = 16 << 20 // bytes
	maxTokens       = 100_000
	minTokenLength  = 8
	maxTokenLength  = 512
	maxSubjectRunes = 200
)

// anySupplier is how a token file says "of the operator, of no supplier"; the empty text says the same.
const anySupplier = "*"

// Token is one entry of a token file: who may call with it, and for what.
type Token struct {
	Token    string  `json:"token"`    // 8 to 512 visible ASCII characters; it goes into the header Authorization: Bearer
	Subject  string  `json:"subject"`  // who calls; reservations belong to it
	Supplier string  `json:"supplier"` // "sup_...": staff of that supplier; "" or "*": of none (travellers, operator)
	Scopes   []Scope `json:"scopes"`
}

// tokenHash is what tokens are looked up by: a look-up by the hash takes a time that says nothing about the token.
type tokenHash [sha256.Size]byte

// tokenSet is immutable once made.
type tokenSet map[tokenHash]*Principal

// newTokenSet checks the tokens. Errors name the entry by its place, counted from 1, and its subject; never the token.
func newTokenSet(tokens []Token) (tokenSet, error) {
	if len(tokens) > maxTokens {
		return nil, fmt.Errorf("%d tokens; at most %d are read", len(tokens), maxTokens)
	}
	set := make(tokenSet, len(tokens))
	place := make(map[tokenHash]int, len(tokens))
	for i, t := range tokens {
		p, err := t.principal()
		if err != nil {
			return nil, fmt.Errorf("entry %d (subject %q): %w", i+1, short(t.Subject), err)
		}
		hash := tokenHash(sha256.Sum256([]byte(t.Token)))
		if first, twice := place[hash]; twice {
			return nil, fmt.Errorf("entry %d (subject %q): has the same token as entry %d", i+1, short(t.Subject), first)
		}
		place[hash] = i + 1
		set[hash] = p
	}
	return set, nil
}

func (t Token) principal() (*Principal, error) {
	p := &Principal{Subject: t.Subject, Scopes: slices.Clone(t.Scopes)}
	if n := len(t.Token); n < minTokenLength || n > maxTokenLength {
		return nil, fmt.Errorf("token has %d characters, want %d to %d", n, minTokenLength, maxTokenLength)
	}
	if strings.ContainsFunc(t.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("token has characters other than visible ASCII")
	}
	if err := checkText(t.Subject, maxSubjectRunes); err != nil {
		return nil, fmt.Errorf("subject %w", err)
	}
	if t.Supplier != "" && t.Supplier != anySupplier {
		var err error
		if p.Supplier, err = uid.Parse("sup", t.Supplier); err != nil {
			return nil, fmt.Errorf("supplier %w; want a supplier's id, \"\" or \"*\"", err)
		}
	}
	if len(t.Scopes) == 0 {
		return nil, fmt.Errorf("no scopes; known are %s", scopeList())
	}
	for i, s := range t.Scopes {
		if !slices.Contains(Scopes, s) {
			return nil, fmt.Errorf("scope %q is unknown; known are %s", short(string(s)), scopeList())
		}
		if slices.Contains(t.Scopes[:i], s) {
			return nil, fmt.Errorf("scope %q is there twice", s)
		}
	}
	return p, nil
}

// readTokenFile reads a token file and tells which state of the file that was.
func readTokenFile(name string) ([]Token, fs.FileInfo, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err // it names the file
	}
	defer func() { _ = file.Close() }() // only read
	// Before the content: a change in between makes the next poll read it again.
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxTokenFile+1))
	if err != nil {
		return nil, info, err
	}
	if len(text) > maxTokenFile {
		return nil, info, fmt.Errorf("%s is larger than %d MiB", name, maxTokenFile>>20)
	}
	var tokens []Token
	if err := json.Unmarshal(text, &tokens, json.RejectUnknownMembers(true)); err != nil {
		return nil, info, fmt.Errorf("%s: want [{\"token\", \"subject\", \"supplier\", \"scopes\"}, ...]: %w", name, withoutValues(err))
	}
	if tokens == nil {
		return nil, info, fmt.Errorf("%s: want a list, [] for no tokens", name)
	}
	return tokens, info, nil
}

// withoutValues says where JSON went wrong without what stands there, which may be a token.
func withoutValues(err error) error {
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		if errors.Is(e.Err, json.ErrUnknownName) {
			return fmt.Errorf("unknown field at %s", e.JSONPointer)
		}
		return fmt.Errorf("wrong kind of value at %s (byte %d)", e.JSONPointer, e.ByteOffset)
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(e.Err, jsontext.ErrDuplicateName) {
			return fmt.Errorf("field is there twice at %s", e.JSONPointer)
		}
		return fmt.Errorf("not proper JSON after byte %d", e.ByteOffset)
	}
	return errors.New("not proper JSON")
}

// sameState tells whether a file is still what info described.
func sameState(a, b fs.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func checkText(s string, maxRunes int) error {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		return errors.New("is not valid UTF-8")
	case strings.TrimSpace(s) == "":
		return errors.New("is empty")
	case s != strings.TrimSpace(s):
		return errors.New("starts or ends with a blank")
	case n > maxRunes:
		return fmt.Errorf("has %d characters, at most %d are allowed", n, maxRunes)
	case strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("has control characters")
	}
	return nil
}

// short cuts what somebody else wrote to a length that fits a message.
func short(s string) string {
	const most = 60
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "..."
}

func scopeList() string {
	names := make([]string, len(Scopes))
	for i, s := range Scopes {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}
