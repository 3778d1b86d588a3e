package rest

import (
	"context"
	"net/http"
	"time"

	"holdfast/rest/problem"
	"holdfast/rest/wire"
)

type clockOut struct {
	Body wire.ClockReading
}

func (s *server) sandboxCalls() {
	const tag, path = "Sandbox", "/v1/sandbox/clock"
	handle(s, operation{
		id: "get-clock", method: http.MethodGet, path: path, tag: tag, summary: "Read the clock", about: "In test mode only. Any token will do.", status: http.StatusOK,
	}, s.getClock)
	handleBody(s, operation{
		id: "set-clock", method: http.MethodPost, path: path, tag: tag, summary: "Move the clock forward",
		about:  "In test mode only. Any token will do. Holds lapse, offers end and free cancelling is over as if the time had gone by.",
		status: http.StatusOK, codes: []string{"clock_backwards"},
		examples: []example{{"advance", "A quarter of an hour later", `{"advance_seconds": 900}`}, {"set", "To an instant", `{"now": "2027-03-01T12:00:00Z"}`}},
	}, s.setClock)
}

func (s *server) getClock(context.Context, *call, *nothing) (*clockOut, error) {
	return &clockOut{Body: wire.ClockReading{Now: instant(s.SandboxClock.Now())}}, nil
}

func (s *server) setClock(ctx context.Context, _ *call, _ *Raw, b *wire.ClockRequest) (*clockOut, error) {
	switch {
	case (b.Now == "") == (b.AdvanceSeconds == 0):
		const text = "Give either now or advance_seconds."
		return nil, problem.New("validation_failed", text).At("", "not_together", text)
	case b.AdvanceSeconds != 0:
		s.SandboxClock.Advance(time.Duration(b.AdvanceSeconds) * time.Second)
	default:
		to, err := time.Parse(time.RFC3339, b.Now)
		if err != nil {
			return nil, invalidPlaces([]problem.Place{{Pointer: "/now", Code: "wrong_format", Message: "Expected an instant such as 2027-03-12T15:00:00Z (RFC 3339)."}})
		}
		if !s.SandboxClock.Set(to) {
			return nil, problem.New("clock_backwards", "The clock shows "+instant(s.SandboxClock.Now())+" already.")
		}
	}
	if s.ClockMoved != nil {
		if err := s.ClockMoved(ctx); err != nil {
			return nil, err
		}
	}
	return s.getClock(ctx, nil, nil)
}
