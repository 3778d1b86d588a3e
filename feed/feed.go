// Package feed reads formats in which partners send their data and gives rows, one after the other. It does no I/O but
// on the reader it is given, holds one record at a time, and bounds everything it reads: a file that is too large, too
// wide or endless is an error, never a full memory.
package feed

import "fmt"

// Error says what is wrong with a line of a file. Codes are stable.
type Error struct {
	File    string // of a feed of several files, e.g. "stop_times.txt"; "" where there is one
	Line    int    // 1 is the first; 0 where no line can be named
	Code    string // snake_case
	Message string // for people
	// Fatal: the file cannot be read any further. Otherwise the line is left out and reading goes on.
	Fatal bool
	// Warning: the line was read all the same; Message says what was assumed.
	Warning bool
}

func (e *Error) Error() string {
	at := ""
	if e.File != "" {
		at = e.File + ": "
	}
	if e.Line != 0 {
		at += fmt.Sprintf("line %d: ", e.Line)
	}
	return at + e.Code + ": " + e.Message
}

func fatal(line int, code, format string, args ...any) *Error {
	return &Error{Line: line, Code: code, Message: fmt.Sprintf(format, args...), Fatal: true}
}
