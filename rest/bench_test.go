package rest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/reservation"
	"holdfast/rest"
	"holdfast/rest/resttest"
)

// instantDesk answers every placing with the same reservation, so that what is measured is the edge.
type instantDesk struct {
	reservation.Service
	answer reservation.Answer
}

func (d instantDesk) Place(context.Context, reservation.PlaceRequest) (reservation.Answer, error) {
	return d.answer, nil
}

// nowhere is a writer of answers that nobody reads.
type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// BenchmarkPlace is the edge's share of a placing: reading, checking, pricing of the plain item, rendering.
func BenchmarkPlace(b *testing.B) {
	for name, body := range map[string]string{"offer": placing(`{"offer": "off_4kdq0w3v9x"}`), "plain": placing(stayItem())} {
		b.Run(name, func(b *testing.B) {
			w := resttest.Seed()
			r, err := w.Reservations().Reservation(b.Context(), reservation.Caller{Subject: "traveller-1"}, resttest.HeldID.Text("res"))
			if err != nil {
				b.Fatal(err)
			}
			d := w.Deps()
			d.Reservations = instantDesk{answer: reservation.Answer{Outcome: reservation.OutcomePlaced, Reservation: r}}
			d.Limits = rest.Limits{Rate: 1e9, Burst: 1e9}
			h := rest.New(d)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					q := httptest.NewRequest(http.MethodPost, "/v1/reservations", strings.NewReader(body))
					q.Header.Set("Authorization", "Bearer "+resttest.TravellerToken)
					q.Header.Set("Content-Type", "application/json")
					q.Header.Set("Idempotency-Key", "k")
					h.ServeHTTP(nowhere{http.Header{}}, q)
				}
			})
		})
	}
}
