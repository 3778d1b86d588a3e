package hoteltest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/uid"
)

const header = "name,address,postal_code,total_rooms,longitude,latitude\n"

const someHotels = header +
	"New Cape Inn,3 SENG POH ROAD,168891,76,103.834075884942,1.28556429182439\n" +
	"\"New Cathay Hotel, Geylang\",443A Geylang Road,389403,53,103.881747206923,1.31323581232938\n" +
	"Raffles,1 Beach Road,89673,115,103.8545,1.2948\n" +
	"Backpacker,259A Jalan Besar,208934,4,103.858259328995,1.31023794252736\n"

func template() hotel.Template {
	return hotel.Template{
		City: "Singapore", Country: "SG", TimeZone: "Asia/Singapore", Currency: "SGD", Stars: 3, OverbookingBP: 1000, Amenities: []string{"wifi"}, PostalCodeDigits: 6,
		RoomTypes: []hotel.TemplateRoomType{
			{Name: "Standard", ShareBP: 6500, Occupancy: hotel.Occupancy{Adults: 2}, BasePrice: "150.00"},
			{Name: "Deluxe", ShareBP: 3000, Occupancy: hotel.Occupancy{Adults: 3, Children: 1}, BasePrice: "250.00"},
			{Name: "Suite", ShareBP: 500, Occupancy: hotel.Occupancy{Adults: 4, Children: 2}, BasePrice: "400.5"},
		},
	}
}

func (w *world) options() hotel.ImportOptions {
	return hotel.ImportOptions{Supplier: w.supplier, Template: template()}
}

func (w *world) importFile(file string, o hotel.ImportOptions) *hotel.ImportReport {
	w.t.Helper()
	return must[*hotel.ImportReport](w.t)(w.core.Import(w.t.Context(), w.staff, strings.NewReader(file), o, nil))
}

// expect compares the counts of a report.
func (w *world) expect(r *hotel.ImportReport, rows, added, changed, untouched, refused int) {
	w.t.Helper()
	if r.Rows != rows || r.Added != added || r.Changed != changed || r.Untouched != untouched || len(r.Refused) != refused {
		w.t.Errorf("%d rows: %d added, %d changed, %d untouched, %d refused %v; want %d: %d, %d, %d, %d",
			r.Rows, r.Added, r.Changed, r.Untouched, len(r.Refused), r.Refused, rows, added, changed, untouched, refused)
	}
}

// imported lists the supplier's hotels by name.
func (w *world) imported() map[string]*hotel.House {
	w.t.Helper()
	out := map[string]*hotel.House{}
	for q := (hotel.ListQuery{Limit: 200, Editor: &w.staff}); ; {
		houses, next, err := w.core.Houses(w.t.Context(), q)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, h := range houses {
			out[h.Hotel.Name] = h
		}
		if q.After = next; next == "" {
			return out
		}
	}
}

func capacities(h *hotel.House) (out []int32) {
	for _, t := range h.Types {
		out = append(out, t.Capacity)
	}
	return out
}

func imports(w *world) {
	o := w.options()
	o.DryRun = true
	w.expect(w.importFile(someHotels, o), 4, 4, 0, 0, 0)
	if n := len(w.imported()); n != 0 {
		w.t.Fatalf("a dry run made %d hotels", n)
	}
	o.DryRun = false
	var last, total int
	r, err := w.core.Import(w.t.Context(), w.staff, strings.NewReader("\ufeff"+someHotels), o, func(d, t int) {
		if d < last {
			w.t.Errorf("progress goes back from %d to %d", last, d)
		}
		last, total = d, t
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.expect(r, 4, 4, 0, 0, 0)
	if !r.Applied || r.Rooms != 76+53+115+4 || last != 4 || total != 4 {
		w.t.Errorf("applied %t, %d rooms, progress %d of %d", r.Applied, r.Rooms, last, total)
	}
	same(w.t, "warnings", r.Warnings, []hotel.LineNote{{Line: 4, Code: "postal_code_zero", Message: "The postal code 89673 has lost its leading zero; it is read as 089673."}})

	houses := w.imported()
	raffles := houses["Raffles"]
	if raffles == nil || raffles.Hotel.PostalCode != "089673" || raffles.Hotel.City != "Singapore" || raffles.Hotel.Stars != 3 || raffles.Hotel.Longitude != 103.8545 {
		w.t.Fatalf("imported hotel: %+v", raffles)
	}
	same(w.t, "split of 76 rooms", capacities(houses["New Cape Inn"]), []int32{49, 23, 4})
	same(w.t, "split of 4 rooms", capacities(houses["Backpacker"]), []int32{3, 1}) // the suite got none and is left out
	for _, h := range houses {
		for _, t := range h.Types {
			if t.Status != hotel.Active {
				w.t.Errorf("%s: room type %s is %s", h.Hotel.Name, t.Name, t.Status)
			}
		}
	}
	found := must[[]hotel.Proposal](w.t)(w.core.Search(w.t.Context(), hotel.StayQuery{
		Place: "Singapore", CheckIn: today + 1, CheckOut: today + 3, Rooms: []offer.Party{{Adults: 2}}, Sort: hotel.ByPrice, Limit: 10,
	}))
	if len(found) != 4 {
		w.t.Errorf("search finds %d of 4 imported hotels", len(found))
	}
	if _, err := w.book(&raffles.Types[0], today+1, today+3); err != nil {
		w.t.Errorf("an imported hotel cannot be booked: %v", err)
	}

	calls := w.desk.Calls()
	again := w.importFile(someHotels, o)
	w.expect(again, 4, 0, 0, 4, 0)
	if again.Applied || w.desk.Calls() != calls {
		w.t.Error("the same file again did something")
	}
	same(w.t, "hotels after the same file again", w.imported(), houses)
	// Nor does it undo what staff did since, where the file says nothing.
	change := raffles.Hotel
	change.Stars, change.Amenities = 5, []string{"pool"}
	must[*hotel.House](w.t)(w.core.UpdateHotel(w.t.Context(), w.staff, change, 0))
	w.expect(w.importFile(someHotels, o), 4, 0, 0, 4, 0)
	// The same file for another supplier makes other hotels.
	o.Supplier = uid.New()
	r, err = w.core.Import(w.t.Context(), operator, strings.NewReader(someHotels), o, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.expect(r, 4, 4, 0, 0, 0)
	_, err = w.core.Import(w.t.Context(), w.staff, strings.NewReader(someHotels), o, nil)
	wantReason(w.t, err, "supplier_not_found")
}

func importsWhole(w *world) {
	bad := someHotels +
		"New Cape Inn,again,168891,7,103.8,1.2\n" + // 6: the hotel of line 2
		",no name,168892,7,103.8,1.2\n" + // 7
		"Zero Rooms,x,168893,0,103.8,1.2\n" + // 8
		"Half Room,x,168894,1.5,103.8,1.2\n" + // 9
		"Far Away,x,168895,5,203.8,1.2\n" + // 10
		"No Where,x,168896,5,,\n" + // 11
		"Short Code,x,1688,5,103.8,1.2\n" + // 12
		"Letters,x,16889X,5,103.8,1.2\n" + // 13
		"Too,few,fields\n" + // 14
		"Open \" Quote,x,168897,5,103.8,1.2\n" + // 15
		"Not \xff UTF-8,x,168898,5,103.8,1.2\n" + // 16
		"Control \x07,x,168899,5,103.8,1.2\n" + // 17
		"Last,x,168900,5,103.8,1.2\n" // 18
	r := w.importFile(bad, w.options())
	w.expect(r, 17, 5, 0, 0, 14)
	if r.Applied || len(w.imported()) != 0 {
		w.t.Fatalf("a file with refused lines was applied to %d hotels", len(w.imported()))
	}
	var got []string
	for _, n := range r.Refused {
		got = append(got, fmt.Sprintf("%d %s", n.Line, n.Code))
		if n.Message == "" {
			w.t.Errorf("line %d is refused without a word", n.Line)
		}
	}
	same(w.t, "refused lines", got, []string{
		"6 duplicate_identity", "7 identity_missing", "7 name_required", "8 rooms_invalid", "9 rooms_invalid", "10 longitude_invalid",
		"11 latitude_invalid", "11 longitude_invalid", "12 postal_code_invalid", "13 postal_code_invalid", "14 wrong_field_count", "15 bad_quotes", "16 not_utf8", "17 name_not_text",
	})
	o := w.options()
	o.SkipRefused = true
	r = w.importFile(bad, o)
	w.expect(r, 17, 5, 0, 0, 14)
	if !r.Applied || len(w.imported()) != 5 {
		w.t.Errorf("skipping what is refused made %d hotels, want 5", len(w.imported()))
	}

	for name, c := range map[string]struct {
		file, code string
		change     func(*hotel.ImportOptions)
	}{
		"empty":           {"", "empty_file", nil},
		"missing column":  {"name,latitude,longitude\nx,1,2\n", "missing_column", nil},
		"repeated column": {"name,name,total_rooms\n", "repeated_column", nil},
		"unknown field":   {someHotels, "unknown_field", func(o *hotel.ImportOptions) { o.Columns = map[string]string{"title": "name"} }},
		"no such column":  {someHotels, "missing_column", func(o *hotel.ImportOptions) { o.Columns = map[string]string{"name": "title"} }},
		"no identity":     {someHotels, "missing_column", func(o *hotel.ImportOptions) { o.Identity = "inc_crc" }},
		"endless line":    {header + "\"" + strings.Repeat("x", 200_000), "line_too_long", nil},
	} {
		o := w.options()
		if c.change != nil {
			c.change(&o)
		}
		_, err := w.core.Import(w.t.Context(), w.staff, strings.NewReader(c.file), o, nil)
		if !fault.Is(err, "file_invalid") || fault.As(err).Meta["code"] != c.code {
			w.t.Errorf("%s: %v %v, want file_invalid with %s", name, err, fault.As(err), c.code)
		}
	}
	o = w.options()
	o.Template.RoomTypes[0].ShareBP++
	o.Template.TimeZone = "Singapore"
	_, err := w.core.Import(w.t.Context(), w.staff, strings.NewReader(someHotels), o, nil)
	if !fault.Is(err, "template_invalid") {
		w.t.Errorf("impossible template: %v", err)
	}
	_, err = w.core.Import(w.t.Context(), w.staff, io.MultiReader(strings.NewReader(someHotels), broken{}), w.options(), nil)
	if fault.KindOf(err) != fault.Internal {
		w.t.Errorf("a file that breaks off: %v", err)
	}
	if n := len(w.imported()); n != 5 {
		w.t.Errorf("refused files left %d hotels, want the 5 of before", n)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func importsChanges(w *world) {
	o := w.options()
	o.Columns = map[string]string{"name": "hotel", "rooms": "n", "stars": "class"}
	o.Identity = "id"
	const columns = "id,hotel,n,class,latitude,longitude,postal_code,address\n"
	w.expect(w.importFile(columns+"a,Alpha,100,4,1.3,103.8,111111,Road 1\nb,Beta,10,,1.3,103.8,222222,\n", o), 2, 2, 0, 0, 0)
	alpha := w.imported()["Alpha"]
	if alpha.Hotel.Stars != 4 || alpha.Hotel.ExternalRef != "a" || w.imported()["Beta"].Hotel.Stars != 3 {
		w.t.Fatalf("imported %+v", alpha.Hotel)
	}
	suite := alpha.Types[2]
	if err := w.core.DeleteRoomType(w.t.Context(), w.staff, alpha.Hotel.ID, suite.ID, 0); err != nil { // staff sell no suites any more
		w.t.Fatal(err)
	}
	// A new name, another number of rooms, an address that is left out; and one hotel is not named at all.
	r := w.importFile(columns+"a,Alpha Grand,190,4,1.3,103.8,111111,\nc,Gamma,10,2,1.3,103.8,333333,x\n", o)
	w.expect(r, 2, 1, 1, 0, 0)
	houses := w.imported()
	grand := houses["Alpha Grand"]
	if grand == nil || grand.Hotel.ID != alpha.Hotel.ID || grand.Hotel.Address != "Road 1" || houses["Beta"] == nil || houses["Gamma"] == nil {
		w.t.Fatalf("after the change: %v", houses)
	}
	same(w.t, "rooms shared anew", capacities(grand), []int32{130, 60, 5})
	if n := w.night(&grand.Types[0], today+100); n.Physical != 130 || n.Target != 143 {
		w.t.Errorf("the stock has %+v", n)
	}
	w.expect(w.importFile(columns+"a,Alpha Grand,190,4,1.3,103.8,111111,\n", o), 1, 0, 0, 1, 0)
	o.Columns["currency"] = "currency"
	r = w.importFile("currency,"+columns+"EUR,a,Alpha,190,4,1.3,103.8,111111,\n", o)
	if len(r.Refused) != 1 || r.Refused[0].Code != "currency_fixed" {
		w.t.Errorf("another currency: %v", r.Refused)
	}
}

func resumesImport(w *world) {
	w.desk.Fail(fault.Overloaded(0))
	r := w.importFile(someHotels, w.options())
	w.expect(r, 4, 4, 0, 0, 0)
	if !r.Applied || r.Warnings[len(r.Warnings)-1].Code != "stock_pending" {
		w.t.Fatalf("without reservation: applied %t, %v", r.Applied, r.Warnings)
	}
	// Importing it again changes nothing, although the stock is still to come.
	w.expect(w.importFile(someHotels, w.options()), 4, 0, 0, 4, 0)
	if err := w.core.Stop(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	next := w.startWith(w.desk.Service)
	if err := next.CatchUp(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	houses, _, err := next.Houses(w.t.Context(), hotel.ListQuery{Limit: 10})
	if err != nil || len(houses) != 4 {
		w.t.Fatalf("%d hotels, %v", len(houses), err)
	}
	for _, h := range houses {
		for _, t := range h.Types {
			if t.Status != hotel.Active || w.nights(t.Pool) != 730 {
				w.t.Errorf("%s: %s is %s", h.Hotel.Name, t.Name, t.Status)
			}
		}
	}
}

// importsSingapore imports the real list of the Singapore Tourism Board (see its README for source and licence).
func importsSingapore(w *world) {
	if slow {
		w.t.Skip("a million nights take minutes under the race detector; the other imports run the same code")
	}
	path := filepath.Join("..", "..", "..", "shared", "data", "hotels_singapore", "hotels_singapore.csv")
	file, err := os.ReadFile(path)
	if err != nil {
		if os.Getenv("CI") == "true" {
			w.t.Fatalf("the list of hotels is needed in CI: %v", err)
		}
		w.t.Skipf("no list of hotels: %v", err)
	}
	read, err := os.Open(filepath.Join("..", "..", "deploy", "templates", "singapore.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer read.Close()
	o := w.options()
	o.Template = must[hotel.Template](w.t)(hotel.ReadTemplate(read))
	r := w.importFile(string(file), o)
	w.expect(r, 429, 429, 0, 0, 0)
	if r.Rooms != 69_970 || len(r.Warnings) != 96 {
		w.t.Errorf("%d rooms, %d warnings; want 69970 and 96", r.Rooms, len(r.Warnings))
	}
	w.t.Logf("imported in %s", r.Duration)
	houses := w.imported()
	var rooms int64
	for _, h := range houses {
		for _, t := range h.Types {
			rooms += int64(t.Capacity)
			if t.Status != hotel.Active {
				w.t.Fatalf("%s: %s is %s", h.Hotel.Name, t.Name, t.Status)
			}
		}
		if len(h.Hotel.PostalCode) != 6 {
			w.t.Errorf("%s has postal code %q", h.Hotel.Name, h.Hotel.PostalCode)
		}
	}
	if len(houses) != 429 || rooms != 69_970 {
		w.t.Errorf("%d hotels with %d rooms are stored", len(houses), rooms)
	}
	w.expect(w.importFile(string(file), o), 429, 0, 0, 429, 0)
	found := must[[]hotel.Proposal](w.t)(w.core.Search(w.t.Context(), hotel.StayQuery{
		Near: &hotel.Near{Latitude: 1.2839, Longitude: 103.8607, RadiusKM: 1}, CheckIn: today + 7, CheckOut: today + 9,
		Rooms: []offer.Party{{Adults: 2}}, Sort: hotel.ByDistance, Limit: 5,
	}))
	if len(found) == 0 {
		w.t.Fatal("no hotel is found at Marina Bay")
	}
	if _, err := w.book(found[0].Type, today+7, today+9); err != nil {
		w.t.Errorf("%s cannot be booked: %v", found[0].House.Hotel.Name, err)
	}
}
