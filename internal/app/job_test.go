package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"holdfast/civil"
	"holdfast/demo"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/internal/config"
	"holdfast/internal/folder"
	"holdfast/internal/migration"
	"holdfast/test/engine"
	"holdfast/uid"
)

const (
	threeHotels = "name,address,postal_code,total_rooms,longitude,latitude\n" +
		"Alpha Inn,1 Mill Lane,168891,10,103.834,1.285\nBeta Inn,2 Mill Lane,59526,20,103.85,1.29\nGamma Inn,3 Mill Lane,389403,30,103.86,1.3\n"
	oneRefused = threeHotels + "Delta Inn,4 Mill Lane,389404,-5,103.86,1.3\n"
)

func importRequest() ImportRequest {
	return ImportRequest{CreateSupplier: "Inns of Singapore", Options: hotel.ImportOptions{Template: hotel.Template{
		City: "Singapore", Country: "SG", TimeZone: "Asia/Singapore", Currency: "SGD", Stars: 3, OverbookingBP: 1000, PostalCodeDigits: 6,
		RoomTypes: []hotel.TemplateRoomType{{Name: "Room", ShareBP: 10_000, Occupancy: hotel.Occupancy{Adults: 2}, BasePrice: "180.00"}},
	}}}
}

// wantImport imports a file and wants so many hotels added and untouched, and lines refused.
func wantImport(t *testing.T, c *config.Config, r ImportRequest, file string, added, untouched, refused int) {
	t.Helper()
	report, err := ImportHotels(t.Context(), c, quiet, r, strings.NewReader(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.Added != added || report.Untouched != untouched || len(report.Refused) != refused {
		t.Errorf("got %+v; want %d added, %d untouched, %d refused", report, added, untouched, refused)
	}
}

func importing(t *testing.T, c *config.Config) {
	t.Helper()
	dry := importRequest()
	dry.Options.DryRun = true
	wantImport(t, c, dry, threeHotels, 3, 0, 0)
	wantImport(t, c, importRequest(), oneRefused, 3, 0, 1) // so many it would have been
	wantImport(t, c, importRequest(), threeHotels, 3, 0, 0)
	wantImport(t, c, importRequest(), threeHotels, 0, 3, 0)
	known := importRequest()
	known.CreateSupplier, known.Options.Supplier = "", supplierNamed("Inns of Singapore")
	wantImport(t, c, known, threeHotels, 0, 3, 0)
	known.Options.Supplier = uid.New()
	if _, err := ImportHotels(t.Context(), c, quiet, known, strings.NewReader(threeHotels), nil); err == nil || !strings.Contains(err.Error(), "no supplier") {
		t.Errorf("for an unknown supplier: %v", err)
	}
}

// found waits until the server finds the three hotels: another process may have made them.
func (r *running) found() {
	r.t.Helper()
	query := object{"stay": object{"place": "Singapore", "check_in": date(5), "check_out": date(6), "rooms": []object{{"adults": 2}}}}
	for deadline := time.Now().Add(20 * time.Second); ; {
		request := r.call("GET", "/v1/hotels?city=Singapore", "", nil, 200)
		if hotels, _ := request["hotels"].([]any); len(hotels) == 3 {
			if offers, _ := r.call("POST", "/v1/offers", "token-traveller", query, 200)["offers"].([]any); len(offers) == 3 {
				return
			}
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("the imported hotels are not found: %v", request)
		}
	}
}

func TestImportWithoutServer(t *testing.T) {
	c := settings(t, "--data="+t.TempDir(), tokens(t))
	importing(t, c)
	r := serve(t, c, false)
	r.found()
	r.end()
	audit(t, c, 0)
}

func TestImportThroughTheServer(t *testing.T) {
	c := settings(t, "--data="+t.TempDir(), tokens(t))
	r := serve(t, c, false)
	importing(t, c)
	r.found()
	audit(t, c, 0)
	r.end()
}

func TestImportBesideTheServerOnPostgreSQL(t *testing.T) {
	c := settings(t, "--database-url="+engine.Postgres(t), tokens(t), "--database-max-conns=4")
	r := serve(t, c, true)
	importing(t, c)
	r.found()
	audit(t, c, 0)
	r.end()
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	c := settings(t, "--data="+dir)
	serve(t, c, false).end()
	conn, err := sqlite.OpenConn(filepath.Join(dir, "payment.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.Execute(conn, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`, nil)
	if err = errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"serve":   func() error { return Serve(t.Context(), c, ServeOptions{Out: io.Discard, Log: quiet}) },
		"migrate": func() error { return Migrate(t.Context(), c, quiet, io.Discard) },
		"audit":   func() error { _, err := Audit(t.Context(), c, quiet, nil); return err },
	} {
		if err := do(); !errors.Is(err, migration.ErrNew) || !strings.Contains(err.Error(), "payment") {
			t.Errorf("%s: %v, want it refused with the store that is newer", name, err)
		}
	}
}

func TestToolsWantAFolder(t *testing.T) {
	c := settings(t, "--data="+filepath.Join(t.TempDir(), "none"))
	if _, err := Audit(t.Context(), c, quiet, nil); !errors.Is(err, folder.ErrAbsent) {
		t.Errorf("audit: %v", err)
	}
	if err := Migrate(t.Context(), c, quiet, io.Discard); !errors.Is(err, folder.ErrAbsent) {
		t.Errorf("migrate: %v", err)
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("a folder was made")
	}
}

func TestWholeHousesAreStoredAsMade(t *testing.T) {
	c := settings(t, "--data="+t.TempDir())
	s := newSystem(c, quiet)
	operator := hotel.Editor{Subject: "op"}
	world := demo.Make(demo.Seed, civil.Today(time.Now(), time.UTC), c.HorizonNights)
	world.Houses = world.Houses[:12]
	err := s.run(t.Context(), func(ctx context.Context) error {
		for name, spoil := range map[string]func(h *hotel.House){
			"no plan":     func(h *hotel.House) { h.Plans = nil },
			"bad zone":    func(h *hotel.House) { h.Hotel.TimeZone = "Nowhere" },
			"bad type":    func(h *hotel.House) { h.Types[0].Capacity = 0 },
			"bad rates":   func(h *hotel.House) { h.Types[0].Rates[1] = h.Types[0].Rates[0] },
			"dear rates":  func(h *hotel.House) { h.Types[0].Rates[1].Value = hotel.MaxPriceMinor + 1 },
			"bad plan":    func(h *hotel.House) { h.Plans[0].FeeBP = 10_001 },
			"no supplier": func(h *hotel.House) { h.Hotel.Supplier = uid.ID{} },
		} {
			bad := demo.Make(demo.Seed, civil.Today(time.Now(), time.UTC), c.HorizonNights).Houses[:3]
			spoil(&bad[2])
			if err := s.hotel.CreateHouses(ctx, operator, bad, nil); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: got %v, want it refused", name, err)
			}
			if _, err := s.hotel.House(ctx, &operator, bad[0].Hotel.ID); !fault.Is(err, "hotel_not_found") {
				t.Errorf("%s: the good houses before it were made", name)
			}
		}
		stranger := hotel.Editor{Subject: "x", Supplier: uid.New()}
		if err := s.hotel.CreateHouses(ctx, stranger, world.Houses[:1], nil); !fault.Is(err, "supplier_not_found") {
			t.Errorf("for somebody else's supplier: %v", err)
		}
		if _, err := demo.Fill(ctx, world, s.identity, s.hotel, func(int, int) {}); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again := newSystem(c, quiet)
	err = again.run(t.Context(), func(ctx context.Context) error {
		if added, err := demo.Fill(ctx, world, again.identity, again.hotel, func(int, int) {}); added != 0 || err != nil {
			t.Errorf("filling again added %d, error %v", added, err)
		}
		outages := 0
		for _, want := range world.Houses {
			got, err := again.hotel.House(ctx, nil, want.Hotel.ID) // as the public sees it
			if err != nil {
				return fmt.Errorf("%s: %w", want.Hotel.Name, err)
			}
			same(t, got, want)
			for _, room := range want.Rooms {
				for _, o := range room.OutOfOrder {
					outages++
					nights, err := again.hotel.Inventory(ctx, want.Hotel.ID, room.RoomType, o.From, o.To)
					if err != nil || len(nights) != int(o.To-o.From) || nights[0].OutOfOrder != 1 {
						t.Errorf("%s: %d nights with one room out of order, error %v", want.Hotel.Name, len(nights), err)
					}
				}
			}
		}
		if outages == 0 {
			t.Error("no room is out of order")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// same compares what a house was made from with what is there, but for what the service decides.
func same(t *testing.T, got *hotel.House, want hotel.House) {
	t.Helper()
	h := got.Hotel
	if (h.CapPool != 0) != (want.Hotel.Capacity != nil) || h.Status != hotel.Active {
		t.Errorf("%s: status %v, cap pool %d", h.Name, h.Status, h.CapPool)
	}
	h.CapPool, h.Status, h.CreatedAt, h.UpdatedAt = 0, 0, time.Time{}, time.Time{}
	if !reflect.DeepEqual(h, want.Hotel) {
		t.Errorf("got %+v\nwant %+v", h, want.Hotel)
	}
	if len(got.Types) != len(want.Types) || len(got.Plans) != len(want.Plans) || len(got.Rooms) != len(want.Rooms) {
		t.Fatalf("%s: %d room types, %d rate plans, %d rooms", h.Name, len(got.Types), len(got.Plans), len(got.Rooms))
	}
	for i, r := range want.Types {
		g := *got.Type(r.ID)
		if g.Pool == 0 || g.Status != hotel.Active {
			t.Errorf("%s, %s: pool %d, status %v", h.Name, r.Name, g.Pool, g.Status)
		}
		g.Pool, g.Status, g.CreatedAt, g.UpdatedAt = 0, 0, time.Time{}, time.Time{}
		// The hotel's own date may be a day behind or ahead of the one that the world was made for.
		today := civil.Today(time.Now(), time.UTC)
		g.Rates, r.Rates = inner(g.Rates, today), inner(r.Rates, today)
		g.Restrictions, r.Restrictions = inner(g.Restrictions, today), inner(r.Restrictions, today)
		if !reflect.DeepEqual(g, r) {
			t.Errorf("%s: got %+v\nwant %+v (room type %d)", h.Name, g, r, i)
		}
	}
	for _, p := range want.Plans {
		g := *got.Plan(p.ID)
		g.Version, g.Status, g.CreatedAt, g.UpdatedAt = uid.ID{}, 0, time.Time{}, time.Time{}
		if !reflect.DeepEqual(g, p) {
			t.Errorf("%s: got %+v\nwant %+v", h.Name, g, p)
		}
	}
}

// inner cuts off the nights at the ends of a line that depend on the hotel's zone.
func inner[V comparable](l hotel.Line[V], today civil.Date) hotel.Line[V] {
	return l.Clear(today-5, today+2).Clear(today+50, today+100)
}
