package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/reservation"
	"holdfast/rest/problem"
	"holdfast/uid"
)

// bearer is the name of the security scheme in the document.
const bearer = "bearer"

// maxToken bounds what is looked at as a token.
const maxToken = 4096

// admit stands before an operation: who calls, how often, and may they. It runs before anything of the body is read.
func (s *server) admit(op operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		x := exchangeOf(r.Context())
		a, ok := w.(*answer)
		if !ok {
			panic("rest: an answer that ServeHTTP did not make")
		}
		if p := s.admitted(op, x, r); p != nil {
			a.refuse(p)
			return
		}
		x.changes = !op.reads && op.method != http.MethodGet
		cachingOf(op.id).set(x.header, x.who)
		if op.unlimited {
			next(ctx)
			return
		}
		s.passed(op, a, func() { next(ctx) })
	}
}

func (s *server) admitted(op operation, x *exchange, r *http.Request) *problem.Problem {
	if op.unlimited {
		return nil
	}
	token, given := bearerToken(r)
	subject := ""
	var failed *problem.Problem
	if given || !op.public {
		who, err := s.Identity.Authenticate(token)
		if err != nil {
			failed = s.problem(x, err)
			if failed.Status == http.StatusUnauthorized {
				failed = failed.SetHeader("WWW-Authenticate", challenge(failed.Code))
			}
		} else {
			x.who, subject = who, who.Subject
		}
	}
	if x.who == nil {
		subject = "address " + address(r) // a subject of a token cannot hold a blank
	}
	if p := s.limiter.admit(subject, x.header, x.start); p != nil {
		return p
	}
	if failed != nil {
		return failed
	}
	if p := permitted(op, x.who); p != nil {
		return p
	}
	if strings.ContainsRune(r.URL.Path, 0) || strings.Contains(r.URL.RawQuery, "%00") {
		return problem.New("validation_failed", "").At("", "nul_character", "The address holds the character U+0000. Leave it out.")
	}
	return s.readable(op, r)
}

// passed lets a call through the gate, or refuses it.
func (s *server) passed(op operation, a *answer, call func()) {
	class, began := classOf(op, a.x.who), time.Now()
	if !s.gate.Enter(class, began) {
		a.refuse(overloaded())
		return
	}
	counts := false
	defer func() {
		if !counts {
			s.gate.Forget(class)
			return
		}
		now := time.Now()
		s.gate.Leave(class, now, now.Sub(began))
	}()
	call()
	counts = a.status < http.StatusBadRequest && !op.waits
}

// readable refuses a body by its header alone.
func (s *server) readable(op operation, r *http.Request) *problem.Problem {
	if op.stream != nil && compressed(r) {
		return uncompressed()
	}
	if !op.takesBody() {
		return nil
	}
	if r.ContentLength > s.Limits.BodyBytes {
		return tooLarge(s.Limits.BodyBytes)
	}
	if r.ContentLength == 0 && op.bodyOptional {
		return nil
	}
	if !jsonContent(r.Header.Values("Content-Type")) {
		return problem.New("unsupported_media_type", "").At("Content-Type", "unsupported_media_type", "Send application/json, in UTF-8.")
	}
	if compressed(r) {
		return uncompressed()
	}
	return nil
}

func compressed(r *http.Request) bool {
	e := r.Header.Get("Content-Encoding")
	return e != "" && !strings.EqualFold(e, "identity")
}

func uncompressed() *problem.Problem {
	return problem.New("unsupported_media_type", "Bodies are not read compressed.").At("Content-Encoding", "unsupported_media_type", "Leave it out.")
}

// jsonContent accepts application/json, with charset=utf-8 or without.
func jsonContent(values []string) bool {
	if len(values) != 1 {
		return false
	}
	media, params, more := strings.Cut(values[0], ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return false
	}
	if !more {
		return true
	}
	name, value, _ := strings.Cut(strings.TrimSpace(params), "=")
	return strings.EqualFold(name, "charset") && strings.EqualFold(strings.Trim(value, `"`), "utf-8")
}

// bearerToken is the token of a request, and whether it has an Authorization header at all.
func bearerToken(r *http.Request) (token string, given bool) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken {
		return "", true
	}
	return token, true
}

// challenge is the WWW-Authenticate of a 401 (RFC 6750, section 3).
func challenge(code string) string {
	if code == "token_missing" {
		return `Bearer realm="holdfast"`
	}
	return `Bearer realm="holdfast", error="invalid_token"`
}

// permitted refuses a caller without the scope.
func permitted(op operation, who *identity.Principal) *problem.Problem {
	if op.operator && !who.Operator() {
		return problem.New("scope_missing", "This call is for staff of the operator: it needs the scope staff:* on a token without a supplier.")
	}
	if len(op.scopes) == 0 {
		return nil
	}
	names := make([]string, len(op.scopes))
	for i, scope := range op.scopes {
		if who.Has(scope) {
			return nil
		}
		names[i] = string(scope)
	}
	return problem.New("scope_missing", "This call needs a token with the scope "+strings.Join(names, " or ")+".").
		SetHeader("WWW-Authenticate", `Bearer realm="holdfast", error="insufficient_scope", scope="`+strings.Join(names, " ")+`"`)
}

// staff reports whether the caller acts for a supplier or the operator. A token with staff scopes, without a supplier and
// without staff:* is neither, and must not pass for the operator.
func (c *call) staff() bool {
	return c.who != nil && c.who.Staff() && (!c.who.Supplier.IsZero() || c.who.Operator())
}

// actsFor reports whether the caller is staff of the supplier, or of the operator.
func (c *call) actsFor(supplier uid.ID) bool {
	return c.staff() && (c.who.Operator() || c.who.Supplier == supplier)
}

// caller is who calls, as reservations see them.
func (c *call) caller() reservation.Caller {
	if !c.staff() {
		return reservation.Caller{Subject: c.who.Subject}
	}
	return reservation.Caller{Subject: c.who.Subject, Supplier: c.who.Supplier, Staff: true}
}

// editor is who calls, as hotels see them; nil for everybody who may not write to any.
func (c *call) editor() *hotel.Editor {
	if !c.staff() || !c.who.Has(identity.InventoryWrite) {
		return nil
	}
	return &hotel.Editor{Subject: c.who.Subject, Supplier: c.who.Supplier}
}

// ownHouse reads a hotel that belongs to the caller; those of others do not exist.
func (s *server) ownHouse(ctx context.Context, c *call, text string) (*hotel.House, hotel.Editor, error) {
	id, err := uid.Parse(hotelID, text)
	e := c.editor()
	if err != nil || e == nil {
		return nil, hotel.Editor{}, unknownHotel(text)
	}
	h, err := s.Hotels.House(ctx, e, id)
	if err != nil {
		return nil, *e, err
	}
	if !c.actsFor(h.Hotel.Supplier) || h.Hotel.Status == hotel.Retired {
		return nil, *e, unknownHotel(text)
	}
	return h, *e, nil
}

func unknownHotel(text string) error {
	return fault.New(fault.NotFound, "hotel_not_found", "There is no hotel %s.", shown(text))
}
