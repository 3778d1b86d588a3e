// Package strict reads JSON that comes from outside, and says exactly what is wrong with it.
//
// It refuses what encoding/json lets pass: keys given twice, names in another case, unknown names, bytes that are not
// UTF-8, half surrogates, and anything behind the value (RFC 8259, and I-JSON, RFC 7493, section 2).
package strict

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deeply objects and lists may nest; no body of the API needs more than 6.
const MaxDepth = 16

// Error is one thing that is wrong with a text.
type Error struct {
	Code    string // a code of rest/problem
	Pointer string // RFC 6901; "" when the text is no JSON at all
	Message string
	Syntax  bool // the text could not be read at all, as opposed to: it does not fit the value
}

// Error is the text for logs.
func (e *Error) Error() string { return e.Code + " at " + e.Pointer + ": " + e.Message }

var strictly = json.JoinOptions(
	json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(false),
	jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false),
)

// Decode reads one JSON value into v. Its error is an *Error.
func Decode(data []byte, v any) error {
	if tooDeep(data) {
		return &Error{Code: "too_deep", Message: fmt.Sprintf("Objects and lists may nest %d deep.", MaxDepth), Syntax: true}
	}
	if hasNUL(data) {
		return &Error{Code: "nul_character", Message: "A text has the character U+0000, which no store keeps.", Syntax: true}
	}
	return explain(json.Unmarshal(data, v, strictly))
}

// explain says what an error of the decoder means.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if e := (*jsontext.SyntacticError)(nil); errors.As(err, &e) {
		out := &Error{Pointer: string(e.JSONPointer), Syntax: true}
		switch {
		case errors.Is(e.Err, jsontext.ErrDuplicateName):
			out.Code, out.Message = "duplicate_key", fmt.Sprintf("The key %q is given twice.", clip(e.JSONPointer.LastToken()))
		case strings.Contains(e.Err.Error(), "invalid UTF-8"), strings.Contains(e.Err.Error(), "surrogate"):
			out.Code, out.Message = "invalid_utf8", fmt.Sprintf("Not UTF-8 at byte %d.", e.ByteOffset)
		case strings.Contains(e.Err.Error(), "after top-level value"):
			out.Code, out.Message = "trailing_data", fmt.Sprintf("Something follows the JSON value at byte %d.", e.ByteOffset)
		case errors.Is(e.Err, io.ErrUnexpectedEOF):
			out.Code, out.Message = "malformed_json", fmt.Sprintf("The JSON value breaks off at byte %d.", e.ByteOffset)
		default:
			out.Code, out.Message = "malformed_json", fmt.Sprintf("Not JSON at byte %d.", e.ByteOffset)
		}
		return out
	}
	if e := (*json.SemanticError)(nil); errors.As(err, &e) {
		out := &Error{Pointer: string(e.JSONPointer), Code: "wrong_type", Message: "The value does not fit this field."}
		switch {
		case errors.Is(e.Err, json.ErrUnknownName):
			name := e.JSONPointer.LastToken()
			out.Code, out.Message = "unknown_field", fmt.Sprintf("There is no field %q here.", clip(name))
			if lower := strings.ToLower(name); lower != name {
				out.Message += " Names are lower case, with underscores."
			}
		case e.Err != nil && strings.Contains(e.Err.Error(), "range"):
			out.Code, out.Message = "too_large", "The number is larger than any value this field can have."
		}
		return out
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Code: "malformed_json", Message: "The body ends before the JSON value does.", Syntax: true}
	}
	return &Error{Code: "wrong_type", Message: "The value does not fit this field."}
}

// tooDeep counts brackets outside of texts; on what is no JSON its answer does not matter.
func tooDeep(data []byte) bool {
	depth, text := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{', c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// hasNUL finds an escaped U+0000; a raw one is no JSON.
func hasNUL(data []byte) bool {
	for i := 0; i+5 < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		if string(data[i+1:i+6]) == "u0000" {
			return true
		}
		i++ // what is escaped is no backslash that escapes
	}
	return false
}

// clip keeps a name that the caller sent from filling the answer.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
