// Package problem is how the REST edge says no: RFC 9457 problem documents, one table of all codes with what they mean
// and what to do (table.go), and the page each code has under /errors/.
package problem

import (
	"net/http"
	"strconv"
	"time"

	"holdfast/fault"
)

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// statuses is the one table from the kind of a fault to the status of its answer.
var statuses = map[fault.Kind]int{
	fault.Malformed:       http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.PaymentFailed:   http.StatusPaymentRequired,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Gone:            http.StatusGone,
	fault.Stale:           http.StatusPreconditionFailed,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Limited:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Internal:        http.StatusInternalServerError,
}

// Status is the status a kind of fault is answered with.
func Status(k fault.Kind) int {
	if s, ok := statuses[k]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// Problem is the body of every answer from 400 on.
type Problem struct {
	Type      string            `json:"type" format:"uri-reference" example:"/errors/sold_out" doc:"Address of the page about this code."`
	Title     string            `json:"title" example:"Sold out" doc:"What sort of problem it is; the same for every occurrence of the code."`
	Status    int               `json:"status" example:"409" doc:"The HTTP status, as in the status line."`
	Detail    string            `json:"detail" example:"There is no room of this type left on 2027-03-12." doc:"What happened this time and what to do, for people."`
	Instance  string            `json:"instance" format:"uri-reference" example:"/v1/reservations" doc:"The path that was called."`
	Code      string            `json:"code" example:"sold_out" pattern:"^[a-z0-9_]+$" doc:"Stable name of the problem, for programs."`
	RequestID string            `json:"request_id" example:"req_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The X-Request-Id of the answer; name it when you ask us."`
	Retryable bool              `json:"retryable" example:"false" doc:"Whether the same call can succeed later without being changed; Retry-After says when, if it is known."`
	Errors    []Place           `json:"errors,omitempty" doc:"The wrong places of the request, where there are any."`
	Meta      map[string]string `json:"meta,omitempty" doc:"Further facts about the problem, e.g. the new total of price_changed."`

	header http.Header
}

// Place is one wrong place of a request.
type Place struct {
	Pointer string `json:"pointer" example:"/items/0/check_in" doc:"JSON pointer (RFC 6901) into the body, or the name of a parameter or header."`
	Code    string `json:"code" example:"wrong_format" pattern:"^[a-z0-9_]+$" doc:"What is wrong there; stable."`
	Message string `json:"message" example:"Expected a date as YYYY-MM-DD." doc:"The same for people."`
}

// New is the problem with a code of the table and a detail of this occurrence; an empty detail takes the table's meaning.
func New(code, detail string) *Problem {
	e, ok := Find(code)
	if !ok {
		panic("problem: no entry for " + code)
	}
	if detail == "" {
		detail = e.Meaning
	}
	return &Problem{
		Type: "/errors/" + code, Title: e.Title, Status: e.Status, Detail: detail, Code: code, Retryable: e.Retryable,
	}
}

// From renders a fault. What the table does not know is shown under its own code with the status of its kind.
func From(f *fault.Error) *Problem {
	p := &Problem{Type: "/errors/" + f.Reason, Status: Status(f.Kind), Detail: f.Public, Code: f.Reason, Meta: f.Meta}
	e, ok := Find(f.Reason)
	if ok {
		p.Title, p.Retryable = e.Title, e.Retryable
	} else {
		p.Title = http.StatusText(p.Status)
	}
	p.Retryable = p.Retryable || f.RetryAfter > 0 || f.Kind == fault.Limited || f.Kind == fault.Unavailable
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, Place{Pointer: field.Pointer, Code: field.Code, Message: field.Message})
	}
	if f.RetryAfter > 0 {
		p = p.SetHeader("Retry-After", strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10))
	}
	return p
}

// At names one more wrong place.
func (p *Problem) At(pointer, code, message string) *Problem {
	p.Errors = append(p.Errors, Place{Pointer: pointer, Code: code, Message: message})
	return p
}

// SetHeader adds a header to the answer.
func (p *Problem) SetHeader(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// Error makes a Problem an error; it is for logs.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the status of the answer.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType replaces the media type of ordinary answers.
func (p *Problem) ContentType(string) string { return ContentType }
