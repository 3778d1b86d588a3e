package record

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

func drawLayout(t *rapid.T) *stock.Layout {
	return &stock.Layout{
		Units: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stock.Unit {
			return stock.Unit{
				Label: drawText(t, "label"), Group: rapid.Uint16().Draw(t, "group"), Row: rapid.Uint16().Draw(t, "row"), Tier: rapid.Byte().Draw(t, "tier"),
				Traits: stock.Traits(rapid.Uint16().Draw(t, "traits")),
			}
		}), 1, 5).Draw(t, "units"),
		Absent: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stock.Absence {
			return stock.Absence{FromUnit: 1, ToUnit: rapid.Int32Range(2, 3).Draw(t, "to unit"), From: stock.Slot(rapid.Int32Range(0, 9).Draw(t, "from")), To: stock.Slot(rapid.Int32Range(10, 99).Draw(t, "to"))}
		}), 0, 2).Draw(t, "absent"),
	}
}

func TestLayoutRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawLayout(t)
		text, err := Layout(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadLayout(text, want.ID())
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
	if text, err := Layout(&stock.Layout{Units: []stock.Unit{{Label: "1\xff"}}}); err == nil {
		t.Errorf("what is no text was written as %s", text)
	}
	for _, text := range []string{``, `[]`, `{"units":[{"label":"1B"}]}`} {
		if l, err := ReadLayout([]byte(text), (&stock.Layout{Units: []stock.Unit{{Label: "1A"}}}).ID()); err == nil {
			t.Errorf("%q was read as %+v", text, l)
		}
	}
}

// FuzzReadLayout: a document reads to something that is written and read the same again, or is refused.
func FuzzReadLayout(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, ``, `{"units":[{"label":"1A","traits":3,"group":1,"row":2,"tier":1}],"absent":[{"from_unit":1,"to_unit":2,"from":0,"to":1}]}`, `{"units":[{"group":70000}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d layout
		l, err := d.read(text)
		if err != nil {
			return
		}
		written, err := Layout(l)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ReadLayout(written, l.ID()); err != nil || !reflect.DeepEqual(l, back) {
			t.Fatalf("%s was written as %s and read as %+v, %v", text, written, back, err)
		}
	})
}

func TestLayoutCache(t *testing.T) {
	var c LayoutCache
	one, two := &stock.Layout{Units: []stock.Unit{{Label: "1"}}}, &stock.Layout{Units: []stock.Unit{{Label: "2"}}}
	c.Keep(one.ID(), one)
	found := map[uid.ID]*stock.Layout{}
	if missing := c.Find([]uid.ID{two.ID(), one.ID(), one.ID()}, found); !slices.Equal(missing, []uid.ID{two.ID()}) || len(found) != 1 || found[one.ID()] != one {
		t.Errorf("missing %v, found %v", missing, found)
	}
	put, err := LayoutsToPut(&c, []*stock.Layout{two, one, two})
	if err != nil || len(put) != 1 || put[0].ID != two.ID() {
		t.Errorf("to be stored are %v, %v", put, err)
	}
	for i := range keptLayouts {
		c.Keep(uid.ID{1, byte(i >> 8), byte(i)}, two)
	}
	if len(c.kept) > keptLayouts || c.kept[uid.ID{1, byte((keptLayouts - 1) >> 8), (keptLayouts - 1) & 255}] != two {
		t.Errorf("%d layouts are kept, the last one or not", len(c.kept))
	}
}

// Words are stored so that a bit can be found by hand, and come back.
func TestWords(t *testing.T) {
	words := []uint64{1, 1 << 63, 0x0102}
	bytes := AppendWords([]byte("x"), words)[1:]
	if len(bytes) != 24 || bytes[0] != 1 || bytes[15] != 128 || bytes[16] != 2 || bytes[17] != 1 {
		t.Errorf("stored as %v", bytes)
	}
	var rows UnitRows
	rows.Pool(1, uid.ID{}, 3)
	rows.Block(4, 5, bytes, AppendWords(nil, []uint64{7, 8, 9}))
	if b := rows.pools[0].blocks[0]; !slices.Equal(b.taken, words) || !slices.Equal(b.blocked, []uint64{7, 8, 9}) || b.number != 4 || b.version != 5 {
		t.Errorf("read as %+v", b)
	}
}

func TestUnitRows(t *testing.T) {
	l := &stock.Layout{Units: make([]stock.Unit, 65), Absent: []stock.Absence{{FromUnit: 65, ToUnit: 66, From: 1, To: 2}}}
	layouts := map[uid.ID]*stock.Layout{l.ID(): l}
	taken := stock.NewBlock(l, 3, 0)
	taken.Taken[0] = 5
	gather := func(number, words int) *UnitRows {
		var rows UnitRows
		rows.Pool(7, l.ID(), 3)
		rows.Block(number, 9, AppendWords(nil, taken.Taken[:words]), AppendWords(nil, taken.Blocked[:words]))
		rows.Pool(7, l.ID(), 3) // as each of its rows says it
		rows.Pool(8, l.ID(), 70)
		return &rows
	}
	rows := gather(0, 64)
	if ids := rows.Layouts(); !slices.Equal(ids, []uid.ID{l.ID()}) {
		t.Errorf("layouts %v", ids)
	}
	got, err := rows.Units(layouts)
	if err != nil {
		t.Fatal(err)
	}
	want := []*reservation.PoolUnits{
		{Pool: 7, Units: stock.Units{Layout: l, Slots: 3, Blocks: []*stock.Block{taken, stock.NewBlock(l, 3, 1)}}, Versions: []int64{9, 0}},
		{Pool: 8, Units: stock.Units{Layout: l, Slots: 70, Blocks: []*stock.Block{stock.NewBlock(l, 70, 0), stock.NewBlock(l, 70, 1)}}, Versions: []int64{0, 0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for what, broken := range map[string]*UnitRows{"too few words": gather(0, 63), "a block too many": gather(2, 64)} {
		if _, err := broken.Units(layouts); err == nil {
			t.Errorf("%s: read", what)
		}
	}
	if _, err := rows.Units(nil); err == nil {
		t.Error("read without the layout")
	}
}

func TestUnitPools(t *testing.T) {
	const held, freed = reservation.ClaimHeld, reservation.ClaimFreed
	item := func(claims ...stock.Claim) reservation.Item {
		var it reservation.Item
		it.Claims = claims
		return it
	}
	of := func(status reservation.Status) Loaded {
		return Loaded{
			Reservation: &reservation.Reservation{Status: status, Items: []reservation.Item{item(stock.Claim{Pool: 9, Unit: 1}, stock.Claim{Pool: 2, Unit: 3}), item(stock.Claim{Pool: 4}, stock.Claim{Pool: 3, Unit: 1})}},
			Lives:       [][]reservation.ClaimLife{{held, held}, {held, freed}},
		}
	}
	need := []stock.PoolID{2, 5}
	for _, c := range []struct {
		loaded []Loaded
		want   []stock.PoolID
	}{
		{nil, need},
		{[]Loaded{of(reservation.Held)}, []stock.PoolID{2, 5, 9}},
		{[]Loaded{of(reservation.Expired)}, []stock.PoolID{2, 3, 5, 9}},
	} {
		if got := UnitPools(need, c.loaded); !slices.Equal(got, c.want) {
			t.Errorf("pools %v, want %v", got, c.want)
		}
	}
	if !slices.Equal(need, []stock.PoolID{2, 5}) {
		t.Error("the need was changed")
	}
}

// Changes of a reservation's items that were stored with seats which no item has are refused.
func TestBrokenAmendments(t *testing.T) {
	for _, text := range []string{`[]`, `{"items":[{"item":1}]}`, `{"items":[{"item":-1}]}`, `{"items":[{"item":0,"notice":{"id":"00"}}]}`, `{"items":[{"item":0,"seats":3}]}`} {
		if err := amend([]byte(text), make([]reservation.Item, 1)); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
