package rest

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/rest/problem"
	"holdfast/rest/wire"
)

// bodyType is a type of body, read both ways.
type bodyType struct {
	name string
	read func(data []byte) (quick bool, fast, exact any, wrong *problem.Problem)
}

func intakeOf[B any](r huma.Registry) bodyType {
	reader := newBodyReader[B](r)
	return bodyType{reflect.TypeFor[B]().Name(), func(data []byte) (bool, any, any, *problem.Problem) {
		fast, exact := new(B), new(B)
		quick := reader.quick.Read(slices.Clone(data), fast)
		return quick, fast, exact, decode(r, reader.schema, data, exact)
	}}
}

// intakes are all types of bodies; TestBodyReaders sees that none is missing.
func intakes() []bodyType {
	prepareHuma()
	r := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	return []bodyType{
		intakeOf[wire.ReservationRequest](r), intakeOf[wire.OfferRequest](r), intakeOf[wire.PayRequest](r), intakeOf[wire.CancellationRequest](r),
		intakeOf[wire.HotelRequest](r), intakeOf[wire.RoomTypeRequest](r), intakeOf[wire.RoomRequest](r), intakeOf[wire.RatePlanRequest](r),
		intakeOf[wire.RateRequest](r), intakeOf[wire.InventoryRequest](r), intakeOf[wire.SupplierRequest](r), intakeOf[wire.ClockRequest](r),
		intakeOf[wire.OverrideRequest](r), intakeOf[wire.RevocationRequest](r),
		intakeOf[wire.SeatsRequest](r), intakeOf[wire.CheckInRequest](r), intakeOf[wire.FeedRequest](r),
		intakeOf[wire.TrainUpdateRequest](r), intakeOf[wire.TrainFares](r), intakeOf[wire.CompositionRequest](r), intakeOf[wire.FlightUpdateRequest](r),
		intakeOf[wire.Control](r), intakeOf[wire.AirportRequest](r), intakeOf[wire.CarrierRequest](r), intakeOf[wire.AircraftRequest](r),
		intakeOf[wire.FlightTariff](r), intakeOf[wire.FlightFaresRequest](r), intakeOf[wire.FlightRevocationRequest](r),
	}
}

// agree holds the quick way of reading a body against the exact one: what it takes, the exact one takes, as the same value.
func agree(t *testing.T, in bodyType, data []byte) (quick bool) {
	t.Helper()
	quick, fast, exact, wrong := in.read(data)
	switch {
	case quick && wrong != nil:
		t.Fatalf("%s: read at once, but exactly it is %s %+v: %s", in.name, wrong.Code, wrong.Errors, data)
	case quick && !reflect.DeepEqual(fast, exact):
		t.Fatalf("%s: read as %+v, exactly it is %+v: %s", in.name, fast, exact, data)
	case !quick && !reflect.ValueOf(fast).Elem().IsZero():
		t.Fatalf("%s: not read, and yet something is left of it: %+v", in.name, fast)
	}
	return quick
}

// bodies are the examples of all operations and some more.
func bodies() []string {
	s := New(Deps{}).(*server) //nolint:forcetypeassert // New makes it
	var out []string
	for _, item := range s.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			for _, e := range op.RequestBody.Content["application/json"].Examples {
				out = append(out, string(e.Value.(json.RawMessage)))
			}
		}
	}
	slices.Sort(out)
	return append(out, `{}`, `[]`, `null`, `{"items": [], "travellers": []}`, `{"items":[{"offer":"off_1"}],"travellers":[{"given_name":"Ж","family_name":"\u00e9\ud83d\ude00","email":"a.b+c@d-e.f"}]}`,
		`{"stay": {"place": "x", "check_in": "2027-06-10", "check_out": "2027-06-13", "rooms": [{"adults": 2, "children_ages": []}]}, "filters": {"min_stars": 0}}`,
		`{"items": ["itm_01kavwy2x4e8hrn5z3m7q9t6b0", "itm_01kavwy2x4e8hrn5z3m7q9t6b0"]}`, `{"payment_method": "x"} {}`, `{"payment_method": "x", "payment_method": "x"}`,
		`{"name": "x", "price_percent": 87.505, "amount": {"amount": "-1", "currency": "EUR"}}`)
}

// TestBodyReaders: every example is read by one of the readers, at once by nearly all.
func TestBodyReaders(t *testing.T) {
	all, quick, total := intakes(), 0, 0
	for _, text := range bodies() {
		taken, fast := false, false
		for _, in := range all {
			fast = agree(t, in, []byte(text)) || fast
			_, _, _, wrong := in.read([]byte(text))
			taken = taken || wrong == nil
		}
		if !taken && len(text) > 150 && !strings.Contains(text, "87.505") {
			t.Errorf("no reader takes %s", text)
		}
		if taken {
			total++
		}
		if fast {
			quick++
		} else if taken {
			t.Logf("read the exact way: %s", text)
		}
	}
	if quick < total*3/4 {
		t.Errorf("only %d of %d bodies are read at once", quick, total)
	}
}

// values are put where others were.
var values = []string{
	`null`, `0`, `-0`, `-1`, `1`, `1.0`, `1.5`, `1e2`, `1E400`, `99999999999`, `123456789012345678901`, `0.01`, `-0.0`, `00`, `""`, `" "`, `"x"`, `"2027-06-10"`,
	`"2027-02-30"`, `"2027-06-10T10:00:00Z"`, `"2027-06-10T10:00:00.5+01:00"`, `"2027-06-10T10:00:00,5Z"`, `"htl_01kavwy2x4e8hrn5z3m7q9t6b0"`, `"htl_01kavwy2x4e8hrn5z3m7q9t6bu"`, `"EUR"`, `"eur"`, `"540.00"`, `"540.0000"`,
	`"a@b"`, `"a@b."`, `"a..b@c"`, `"A <a@b>"`, `" a@b"`, `"a@b@c"`, `"\"x\"@y"`, `"ü@b"`, `"price"`, `"\u0000"`, `"\\u0000"`, `"\ud800"`, `"\u0070rice"`, "\"\xff\"", `true`, `false`, `[]`, `{}`, `[[]]`, `["x","x"]`, `[1,1]`, `{"x":1}`,
	`{"amount": "1.00", "currency": "EUR"}`, `"` + strings.Repeat("ж", 100) + `"`, `"` + strings.Repeat("x", 101) + `"`, `"` + strings.Repeat("y", 5000) + `"`,
}

// mutate changes one place of a body: a value, a name, or a byte.
func mutate(r *rand.Rand, text string) string {
	var marks []int
	for i := range len(text) {
		if strings.IndexByte(`:,[]{}"`, text[i]) >= 0 {
			marks = append(marks, i)
		}
	}
	if len(marks) == 0 {
		return text
	}
	at := marks[r.IntN(len(marks))]
	switch r.IntN(12) {
	case 0: // take something out
		return text[:at] + text[min(len(text), at+1+r.IntN(20)):]
	case 1: // put a value in
		return text[:at+1] + values[r.IntN(len(values))] + text[at+1:]
	case 2: // cut it off, or put something behind
		if r.IntN(2) == 0 {
			return text[:at]
		}
		return text + values[r.IntN(len(values))]
	case 3: // change a byte
		return text[:at] + string(rune(r.IntN(300))) + text[at+1:]
	case 4: // give a member twice, or in another order
		if from := strings.LastIndexByte(text[:at], ','); from >= 0 {
			return text[:at] + text[from:at] + text[at:]
		}
	}
	// Exchange a value for another one.
	var spots []int
	for i := range len(text) - 1 {
		if text[i] == ':' || text[i] == '[' {
			spots = append(spots, i+1)
		}
	}
	if len(spots) == 0 {
		return values[r.IntN(len(values))]
	}
	from := spots[r.IntN(len(spots))]
	d := json.NewDecoder(strings.NewReader(text[from:]))
	var old json.RawMessage
	if d.Decode(&old) != nil {
		return text
	}
	return text[:from] + values[r.IntN(len(values))] + text[from+int(d.InputOffset()):]
}

// TestBodyReadersAgree changes the examples in a great many ways and reads them both ways.
func TestBodyReadersAgree(t *testing.T) {
	all, texts, r := intakes(), bodies(), rand.New(rand.NewPCG(1, 2))
	quick, times := 0, 6_000
	if os.Getenv("HOLDFAST_BODIES") == "many" {
		times = 1_000_000
	}
	for range times {
		text := texts[r.IntN(len(texts))]
		for range 1 + r.IntN(8)/6 {
			text = mutate(r, text)
		}
		for _, in := range all {
			if agree(t, in, []byte(text)) {
				quick++
			}
		}
	}
	if quick < times/40 {
		t.Errorf("only %d of %d changed bodies were read at once: the test sees little", quick, times)
	}
}

// FuzzBody is the same for what the fuzzer thinks of.
func FuzzBody(f *testing.F) {
	all := intakes()
	for _, text := range bodies() {
		f.Add([]byte(text))
	}
	for _, v := range values {
		f.Add([]byte(v))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, in := range all {
			agree(t, in, data)
		}
	})
}
