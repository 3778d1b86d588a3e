package feed

import (
	"fmt"
	"slices"
	"strings"
)

// maxWarnings is how many warnings of one kind about one file are told one by one; then comes how many more there are.
// Refusals are all told.
const maxWarnings = 20

type fileCode struct{ file, code string }

// warnings tells remarks, and of warnings of one kind not too many.
type warnings struct {
	to   func(*Error) // nil: nobody listens
	told map[fileCode]int
}

func (w *warnings) remark(e *Error) {
	if w.to != nil {
		w.to(e)
	}
}

// warnAt tells that a line was read in spite of something.
func (w *warnings) warnAt(file string, line int, code, format string, args ...any) {
	if w.told == nil {
		w.told = map[fileCode]int{}
	}
	key := fileCode{file, code}
	if w.told[key]++; w.told[key] > maxWarnings {
		return
	}
	w.remark(&Error{File: file, Line: line, Code: code, Message: fmt.Sprintf(format, args...), Warning: true})
}

// tellMore says at the end how many warnings were not told one by one.
func (w *warnings) tellMore() {
	var keys []fileCode
	for key, n := range w.told {
		if n > maxWarnings {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b fileCode) int { return strings.Compare(a.file+a.code, b.file+b.code) })
	for _, key := range keys {
		w.remark(&Error{File: key.file, Code: key.code, Message: fmt.Sprintf("There are %d more warnings of this kind.", w.told[key]-maxWarnings), Warning: true})
	}
}
