// Package fault holds the one error that crosses service and wire borders.
//
// A store or a provider translates what its driver says into an Error at its own door; everybody above only ever
// looks at Kind and Reason. Public is written for the caller and may be shown as it is; the cause is for the log.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure it is; the edge maps it to a status code.
type Kind uint8

// The kinds, with the HTTP status the edge gives them.
const (
	Malformed       Kind = iota + 1 // 400: could not be read at all
	Unauthenticated                 // 401: no or unknown credentials
	PaymentFailed                   // 402: the payment was refused
	Forbidden                       // 403: known caller, missing scope
	NotFound                        // 404: does not exist, or is not the caller's
	Conflict                        // 409: state or stock does not allow it now
	Gone                            // 410: an offer or quote that has ended
	Stale                           // 412: If-Match did not match
	Invalid                         // 422: readable, but against a rule
	Limited                         // 429: too many requests
	Unavailable                     // 503: overloaded or a dependency is lost; try again
	Internal                        // 500: a defect of ours
)

// Field names one wrong place of a request.
type Field struct {
	Pointer string // RFC 6901 pointer into the body, or the name of a parameter
	Code    string // stable, snake_case
	Message string // for people
}

// Error is the one error that crosses borders.
type Error struct {
	Kind       Kind
	Reason     string            // stable, snake_case; every reason has a documented page
	Public     string            // what happened and what to do, for the caller
	Meta       map[string]string // further public facts, e.g. the new total of price_changed
	Fields     []Field
	RetryAfter time.Duration // > 0: when trying again makes sense

	cause error
}

// New makes an error of a kind with a stable reason and a text for the caller.
func New(kind Kind, reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Public: fmt.Sprintf(format, args...)}
}

// Wrap is an Internal error around cause; what names the step that failed.
func Wrap(cause error, what string) *Error {
	return &Error{Kind: Internal, Reason: "internal", Public: "Something went wrong on our side.", cause: fmt.Errorf("%s: %w", what, cause)}
}

// Overloaded is the answer to work that cannot be taken now.
func Overloaded(retryAfter time.Duration) *Error {
	return &Error{
		Kind: Unavailable, Reason: "overloaded", RetryAfter: retryAfter,
		Public: "The system is at its limit right now. Nothing was changed; try again after the time in Retry-After.",
	}
}

// InvalidField is a 422 with one wrong place.
func InvalidField(pointer, code, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Reason: code, Public: msg, Fields: []Field{{Pointer: pointer, Code: code, Message: msg}}}
}

// Error is the text for logs; callers are shown Public.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Reason + ": " + e.cause.Error()
	}
	return e.Reason + ": " + e.Public
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy with the cause set.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// With returns a copy with one more public fact.
func (e *Error) With(key, value string) *Error {
	c := *e
	c.Meta = make(map[string]string, len(e.Meta)+1)
	for k, v := range e.Meta {
		c.Meta[k] = v
	}
	c.Meta[key] = value
	return &c
}

// RetryIn returns a copy that tells the caller when to try again.
func (e *Error) RetryIn(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// As finds the Error in err's chain; anything else becomes Internal with err as the cause.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Wrap(err, "unexpected")
}

// KindOf is the kind of err, Internal for anything that is not an Error, 0 for nil.
func KindOf(err error) Kind {
	if err == nil {
		return 0
	}
	return As(err).Kind
}

// Is reports whether err carries the given reason.
func Is(err error, reason string) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason == reason
}
