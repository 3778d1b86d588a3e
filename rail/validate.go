package rail

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/fault"
)

// verdicts collects everything that is wrong with a request, so that a caller hears it all at once.
type verdicts []fault.Field

// check notes a wrong place unless ok.
func (v *verdicts) check(ok bool, pointer, code, format string, args ...any) {
	if !ok {
		*v = append(*v, fault.Field{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

// err is nil or one 422 with all places.
func (v verdicts) err() error {
	if len(v) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "validation_failed", "Some values are not possible; see errors.")
	e.Fields = v
	return e
}

func index(pointer string, i int) string { return pointer + "/" + strconv.Itoa(i) }

// plain reports one line of UTF-8 text without control characters.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
}
