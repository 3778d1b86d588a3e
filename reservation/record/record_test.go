package record

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/civil"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func readPiece(document []byte, p *offer.Piece) error {
	var d piece
	if err := json.Unmarshal(document, &d); err != nil {
		return err
	}
	return d.into(p)
}

func drawID(t *rapid.T, name string) uid.ID {
	return uid.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name))
}

// drawTime is an instant with digits that are not stored.
func drawTime(t *rapid.T, name string) time.Time {
	if rapid.Bool().Draw(t, name+" none") {
		return time.Time{}
	}
	return time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, name), rapid.Int64Range(0, 999_999_999).Draw(t, name+" ns")).UTC()
}

// drawText is text: what is no UTF-8 never gets this far.
func drawText(t *rapid.T, name string) string {
	return string([]rune(rapid.String().Draw(t, name)))
}

func drawRide(t *rapid.T) *offer.Ride {
	return &offer.Ride{
		Mode: offer.Mode(rapid.ByteRange(1, 2).Draw(t, "mode")), Run: drawID(t, "run"), Number: drawText(t, "number"), Date: civil.Date(rapid.Int32Range(0, 80_000).Draw(t, "date")),
		From: drawText(t, "from"), To: drawText(t, "to"), Departs: drawTime(t, "departs"), Arrives: drawTime(t, "arrives"),
		DepartOffset: rapid.Int16().Draw(t, "depart offset"), ArriveOffset: rapid.Int16().Draw(t, "arrive offset"), Class: drawText(t, "class"), Booking: drawText(t, "booking"),
		Fare: drawID(t, "fare"), FareVersion: drawID(t, "fare version"), FareName: drawText(t, "fare name"),
		Adults: rapid.Byte().Draw(t, "adults"), Children: rapid.Byte().Draw(t, "children"), Infants: rapid.Byte().Draw(t, "infants"),
		Seating: offer.Seating{Pool: stock.PoolID(rapid.Int64Range(0, 1<<40).Draw(t, "pool")), AtHold: rapid.Bool().Draw(t, "at hold"), Tiers: rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "tiers")},
	}
}

func drawSeats(t *rapid.T, name string) []reservation.Seat {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) reservation.Seat {
		return reservation.Seat{
			Traveller: rapid.IntRange(0, 9).Draw(t, "traveller"), Pool: stock.PoolID(rapid.Int64Range(1, 1<<40).Draw(t, "pool")), Unit: rapid.Int32Range(1, 2048).Draw(t, "unit"),
			From: stock.Slot(rapid.Int32().Draw(t, "from")), To: stock.Slot(rapid.Int32().Draw(t, "to")), Label: drawText(t, "label"), Fee: rapid.Int64().Draw(t, "fee"),
		}
	}), 0, 3).Draw(t, name)
}

func drawNotice(t *rapid.T) *reservation.Notice {
	if rapid.Bool().Draw(t, "no notice") {
		return nil
	}
	return &reservation.Notice{
		ID: drawID(t, "notice"), At: drawTime(t, "at"), Withdrawn: rapid.Bool().Draw(t, "withdrawn"), Departs: drawTime(t, "departs"), Arrives: drawTime(t, "arrives"), Note: drawText(t, "note"),
	}
}

// drawAmended gives an item seats, then perhaps others, and perhaps a notice.
func drawAmended(t *rapid.T, it *reservation.Item) {
	it.Placed = drawSeats(t, "placed")
	if it.Seats = it.Placed; rapid.Bool().Draw(t, "reseated") {
		it.Seats = drawSeats(t, "seats")
	}
	it.Notice = drawNotice(t)
}

func drawPiece(t *rapid.T) offer.Piece {
	p := offer.Piece{
		Price: offer.Price{Base: rapid.Int64().Draw(t, "base"), Parts: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) offer.Part {
			return offer.Part{Kind: offer.PartKind(rapid.ByteRange(1, 2).Draw(t, "kind")), Code: rapid.String().Draw(t, "code"), Minor: rapid.Int64().Draw(t, "minor"), Included: rapid.Bool().Draw(t, "included")}
		}), 0, 3).Draw(t, "parts")},
		Terms: offer.Terms{FreeUntil: drawTime(t, "free until"), FeeBP: rapid.Int32().Draw(t, "fee")},
		Stay: offer.Stay{
			Hotel: drawID(t, "hotel"), RoomType: drawID(t, "room type"), RatePlan: drawID(t, "rate plan"),
			CheckIn: civil.Date(rapid.Int32Range(0, 80_000).Draw(t, "in")), CheckOut: civil.Date(rapid.Int32Range(0, 80_000).Draw(t, "out")),
			Rooms: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) offer.Party {
				return offer.Party{Adults: rapid.Byte().Draw(t, "adults"), ChildAges: rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "ages")}
			}), 0, 3).Draw(t, "rooms"),
		},
	}
	for i := range p.Price.Parts { // a code that is not text never gets this far
		p.Price.Parts[i].Code = string([]rune(p.Price.Parts[i].Code))
	}
	if rapid.Bool().Draw(t, "a ride") {
		p.Stay, p.Ride = offer.Stay{}, drawRide(t)
	}
	return p
}

// What is written is JSON and says the same when it is read, to the microsecond.
func TestPieceRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPiece(t)
		document := AppendPiece([]byte("before"), &p)
		if string(document[:6]) != "before" {
			t.Fatal("what was there is gone")
		}
		document = document[6:]
		if !json.Valid(document) {
			t.Fatalf("no JSON: %s", document)
		}
		var got offer.Piece
		if err := readPiece(document, &got); err != nil {
			t.Fatalf("%v: %s", err, document)
		}
		if diff := cmp.Diff(p, got, cmpopts.EquateEmpty(), cmp.Transformer("micro", Micro)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Documents are stored for good: this one was written by the first version and must be read for ever.
func TestOldDocument(t *testing.T) {
	const first = `{"base":10000,"parts":[{"kind":1,"code":"vat","minor":700,"included":true}],"free_until":"2026-11-21T12:00:00.123456Z","fee_bp":9000,` +
		`"hotel":"00000000000000000000000000000001","room_type":"00000000000000000000000000000002","plan":"00000000000000000000000000000004","rate_plan":"00000000000000000000000000000003","board":2,` +
		`"check_in":"2026-11-23","check_out":"2026-11-26","rooms":[{"adults":2,"child_ages":[0,17]},{"adults":1}]}`
	var p offer.Piece
	if err := readPiece([]byte(first), &p); err != nil {
		t.Fatal(err)
	}
	if p.Stay.RoomType[15] != 2 || p.Stay.Plan[15] != 4 || p.Stay.Board != 2 || p.Stay.Rooms[0].ChildAges[1] != 17 || p.Price.Parts[0].Minor != 700 || p.Terms.FreeUntil.Nanosecond() != 123_456_000 {
		t.Errorf("read as %+v", p)
	}
	if again := string(AppendPiece(nil, &p)); again != first {
		t.Errorf("written as\n%s, want\n%s", again, first)
	}
	older := strings.NewReplacer(`"plan":"00000000000000000000000000000004",`, "", `"board":2,`, "").Replace(first)
	if err := readPiece([]byte(older), &p); err != nil {
		t.Errorf("without plan and board: %v", err)
	}
}

// The same for a ride.
func TestOldRide(t *testing.T) {
	const first = `{"base":10000,"fee_bp":0,"ride":{"mode":1,"run":"00000000000000000000000000000001","number":"ICE 1672","date":"2026-11-22","from":"FF","to":"KS",` +
		`"departs":"2026-11-22T12:58:00Z","arrives":"2026-11-22T14:20:00Z","depart_offset":60,"arrive_offset":60,"class":"second","booking":"Y",` +
		`"fare":"00000000000000000000000000000002","fare_version":"00000000000000000000000000000003","fare_name":"Flex","adults":2,"children":1,"infants":1,` +
		`"seating":{"pool":7,"at_hold":true,"tiers":[0,450]}}}`
	var p offer.Piece
	if err := readPiece([]byte(first), &p); err != nil {
		t.Fatal(err)
	}
	if r := p.Ride; r == nil || r.Mode != offer.Train || r.FareVersion[15] != 3 || r.Departs.Hour() != 12 || r.ArriveOffset != 60 || r.Seats() != 3 || r.Infants != 1 || r.Seating.Tiers[1] != 450 || !r.Seating.AtHold {
		t.Errorf("read as %+v", p.Ride)
	}
	if again := string(AppendPiece(nil, &p)); again != first {
		t.Errorf("written as\n%s, want\n%s", again, first)
	}
}

func TestBrokenDocuments(t *testing.T) {
	ride := func(member string) string { // the last of two members of one name counts
		const id = `"00000000000000000000000000000001"`
		return `{"ride":{"mode":1,"run":` + id + `,"date":"2026-11-22","fare":` + id + `,"fare_version":` + id + `,` + member + `}}`
	}
	var fine offer.Piece
	if err := readPiece([]byte(ride(`"number":"ICE 1"`)), &fine); err != nil || fine.Ride.Number != "ICE 1" {
		t.Fatalf("%+v, %v", fine, err)
	}
	for _, document := range []string{``, `{`, `[]`, `{}`, `{"hotel":"00"}`, `{"hotel":"zz000000000000000000000000000001"}`, `{"ride":{}}`, ride(`"mode":3`), ride(`"run":"01"`), ride(`"fare":""`), ride(`"date":"x"`), ride(`"departs":"x"`)} {
		var p offer.Piece
		if err := readPiece([]byte(document), &p); err == nil {
			t.Errorf("%q was read", document)
		}
	}
	var f reservation.Facts
	for _, document := range []string{``, `[]`, `{"quote":"00"}`, `{"notices":[{}]}`} {
		if err := ReadFacts([]byte(document), &f); err == nil {
			t.Errorf("%q was read", document)
		}
	}
}

func TestFactsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := reservation.Facts{
			Status: reservation.Status(rapid.ByteRange(0, 7).Draw(t, "status")), Payment: reservation.PaymentStatus(rapid.ByteRange(0, 6).Draw(t, "payment")),
			HoldExpiresAt: drawTime(t, "expires"), UpdatedAt: drawTime(t, "updated"), Version: rapid.Int64().Draw(t, "version"),
			Refunded: rapid.Int64().Draw(t, "refunded"),
		}
		if rapid.Bool().Draw(t, "quoted") {
			f.Quote = drawID(t, "quote")
		}
		for _, s := range rapid.SliceOfN(rapid.ByteRange(1, 7), 0, 4).Draw(t, "items") {
			f.ItemStatus = append(f.ItemStatus, reservation.Status(s))
		}
		for range rapid.IntRange(0, 3).Draw(t, "seated items") {
			f.Seats, f.Notices = append(f.Seats, drawSeats(t, "seats")), append(f.Notices, drawNotice(t))
		}
		document, err := Facts(&f)
		if err != nil {
			t.Fatal(err)
		}
		var got reservation.Facts
		if document != nil {
			if err := ReadFacts(document, &got); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(f, got, cmpopts.EquateEmpty(), cmp.Transformer("micro", Micro)); diff != "" {
			t.Fatal(diff)
		}
	})
	if document, err := Facts(&reservation.Facts{}); document != nil || err != nil {
		t.Errorf("no facts are written as %q, %v", document, err)
	}
}

// Merged spans cover exactly the slots that were asked for, in order, and none touches the next.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Loaded{Reservation: &reservation.Reservation{Status: reservation.Status(rapid.ByteRange(1, 7).Draw(t, "status"))}}
		want := map[stock.Key]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			var item reservation.Item
			var lives []reservation.ClaimLife
			for range rapid.IntRange(1, 3).Draw(t, "claims") {
				from := stock.Slot(rapid.Int32Range(-3, 9).Draw(t, "from"))
				c := stock.Claim{Pool: stock.PoolID(rapid.Int64Range(1, 3).Draw(t, "pool")), From: from, To: from + stock.Slot(rapid.Int32Range(1, 4).Draw(t, "n")), Count: 1}
				life := reservation.ClaimLife(rapid.ByteRange(1, 3).Draw(t, "life"))
				item.Claims, lives = append(item.Claims, c), append(lives, life)
				for slot := c.From; slot < c.To && (life != reservation.ClaimFreed || l.Status == reservation.Expired); slot++ {
					want[stock.Key{Pool: c.Pool, Slot: slot}] = true
				}
			}
			l.Items, l.Lives = append(l.Items, item), append(l.Lives, lives)
		}
		var need []reservation.Span
		for pool := stock.PoolID(1); pool < 4; pool++ {
			if rapid.Bool().Draw(t, "named") {
				need = append(need, reservation.Span{Pool: pool, From: 2, To: 4})
				want[stock.Key{Pool: pool, Slot: 2}], want[stock.Key{Pool: pool, Slot: 3}] = true, true
			}
		}
		before := slices.Clone(need)
		got := Spans(need, []Loaded{l})
		if !slices.Equal(need, before) {
			t.Fatal("the need was changed")
		}
		covered := 0
		for i, span := range got {
			if i > 0 && (got[i-1].Pool > span.Pool || got[i-1].Pool == span.Pool && got[i-1].To >= span.From) {
				t.Fatalf("%v before %v", got[i-1], span)
			}
			for slot := span.From; slot < span.To; slot++ {
				if covered++; !want[stock.Key{Pool: span.Pool, Slot: slot}] {
					t.Fatalf("slot %d of pool %d was not asked for", slot, span.Pool)
				}
			}
		}
		if covered != len(want) {
			t.Fatalf("%d slots, want %d", covered, len(want))
		}
	})
}

func TestItemLives(t *testing.T) {
	const held, sold = reservation.ClaimHeld, reservation.ClaimSold
	l := Loaded{Reservation: &reservation.Reservation{Items: make([]reservation.Item, 3)}, Lives: [][]reservation.ClaimLife{{held, held}, {held, sold}, nil}}
	if got := l.ItemLives(); !slices.Equal(got, []reservation.ClaimLife{held, 0, 0}) {
		t.Errorf("lives %v", got)
	}
}

func BenchmarkAppendPiece(b *testing.B) {
	p := offer.Piece{Price: offer.Price{Base: 1, Parts: []offer.Part{{Kind: offer.Tax, Code: "vat", Minor: 7}}}, Stay: offer.Stay{Rooms: []offer.Party{{Adults: 2}}}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendPiece(buf[:0], &p)
	}
}
