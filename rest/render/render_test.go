package render_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"holdfast/rest/problem"
	"holdfast/rest/render"
	"holdfast/rest/wire"
)

// answers are all types that are written.
var answers = []any{
	wire.OfferList{},
	wire.Reservation{},
	wire.ReservationList{},
	wire.History{},
	wire.Cancellation{},
	wire.PaymentList{},
	wire.Payment{},
	wire.Hotel{},
	wire.HotelList{},
	wire.RoomTypeList{},
	wire.RoomType{},
	wire.Rate{},
	wire.Inventory{},
	wire.RoomList{},
	wire.Room{},
	wire.RatePlan{},
	wire.RatePlanList{},
	wire.Revocation{},
	wire.Supplier{},
	wire.SupplierList{},
	wire.ClockReading{},
	wire.Health{},
	problem.Problem{},
	wire.RateRequest{},
	odd{},
	unnamed{},
}

// odd has what the answers do not.
type odd struct {
	Inner   *odd              `json:"inner"`
	Omitted *odd              `json:"omitted,omitempty"`
	Map     map[string]string `json:"map,omitempty"`
	Bytes   []byte            `json:"bytes"`
	Small   int8              `json:"small,omitzero"`
	Hidden  string            `json:"-"`
	private int               //nolint:unused // it is not written
}

// unnamed has a field without a name of its own.
type unnamed struct{ Field string }

// fill makes any value of a type: often nothing, often strange.
func fill(t *rapid.T, v reflect.Value, depth int) {
	if !v.CanSet() || rapid.IntRange(0, 5).Draw(t, "empty") == 0 {
		return
	}
	switch v.Kind() { //nolint:exhaustive // what answers have
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "null", "[]", "{}", "<&>", "\u2028", "\"\\\n", "a\x7fb", "\xff", "\U0001f600"})).Draw(t, "text"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := rapid.Int64().Draw(t, "int")
		v.SetInt(n)
	case reflect.Float64:
		v.SetFloat(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-6, 9.99e-7, 1e21, 1e20, 0.1, 1 << 53, 38.7197, math.NaN(), math.Inf(1)})).Draw(t, "float"))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		if depth < 6 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem(), depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			fill(t, v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "map")))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), depth+1)
		}
	}
}

// TestSameAsTheLibrary: any value of any type of an answer is written as the library writes it, or refused by both.
func TestSameAsTheLibrary(t *testing.T) {
	for _, a := range answers {
		t.Run(reflect.TypeOf(a).Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				v := reflect.New(reflect.TypeOf(a))
				fill(t, v.Elem(), 0)
				for _, value := range []any{v.Interface(), v.Elem().Interface()} {
					want, wrong := json.Marshal(value, json.Deterministic(true))
					got, err := render.Append([]byte("before"), value)
					if (err != nil) != (wrong != nil) {
						t.Fatalf("error %v, the library says %v", err, wrong)
					}
					if err == nil && string(got) != "before"+string(want) {
						t.Fatalf("got  %s\nwant %s", got[len("before"):], want)
					}
				}
			})
		})
	}
	if got, err := render.Append(nil, nil); err != nil || string(got) != "null" {
		t.Errorf("nil is %s, %v", got, err)
	}
}
