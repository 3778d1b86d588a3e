package bench

import (
	"strings"
	"testing"
)

func TestReadsAreCounted(t *testing.T) {
	const metrics = `# TYPE holdfast_http_store_requests_total counter
holdfast_http_store_requests_total{route="GET /v1/hotels",store="no"} 40
holdfast_http_store_requests_total{route="GET /v1/hotels/{hotel_id}",store="no"} 1.5e+02
holdfast_http_store_requests_total{route="GET /v1/hotels/{hotel_id}",store="yes"} 3
holdfast_http_store_requests_total{route="POST /v1/offers",store="no"} 60
holdfast_http_store_requests_total{route="POST /v1/reservations",store="yes"} 1000
holdfast_http_requests_total{route="POST /v1/offers",method="POST",status="200"} 60
`
	c, err := countReads(strings.NewReader(metrics))
	if err != nil || c.all != 253 || c.stored != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := countReads(strings.NewReader(`holdfast_http_store_requests_total{route="POST /v1/offers",store="no"} many` + "\n")); err == nil {
		t.Error("a count that is no number was read")
	}
}
