package race

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"holdfast/test/engine"
	"holdfast/test/prove/books"
	"holdfast/uid"
)

// The reservation of the hotel document, statement by statement: the check is a read without a lock, the UPDATE lacks
// the hotel, and both count the departure night. Its table has the document's columns; room types are numbered within
// their hotel.
const (
	documentTables = `
		CREATE TABLE room_type_inventory (
			hotel_id integer, room_type_id integer, date date, total_inventory integer, total_reserved integer,
			PRIMARY KEY (hotel_id, room_type_id, date));
		CREATE TABLE reservation (
			reservation_id uuid PRIMARY KEY, hotel_id integer, room_type_id integer, start_date date, end_date date, status text);`
	documentCheck = `
		SELECT date, total_inventory, total_reserved
		FROM room_type_inventory
		WHERE room_type_id = $1 AND hotel_id = $2
		AND date between $3 and $4`
	documentReserve = `
		UPDATE room_type_inventory
		SET total_reserved = total_reserved + $1
		WHERE room_type_id = $2
		AND date between $3 and $4`
	documentConstraint = `ALTER TABLE room_type_inventory ADD CONSTRAINT check_room_count CHECK ((total_inventory - total_reserved >= 0))`
)

const documentNights = 8

var documentStart = time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)

func documentNight(n int) time.Time { return documentStart.AddDate(0, 0, n) }

// document is the document's system on a database of its own.
type document struct {
	dsn string
}

func openDocument(t *testing.T) *document {
	t.Helper()
	d := &document{engine.Postgres(t)}
	execute(t, d.dsn, documentTables)
	return d
}

// hotel stocks a room type of a hotel.
func (d *document) hotel(t *testing.T, hotel, rooms int) {
	t.Helper()
	execute(t, d.dsn, `INSERT INTO room_type_inventory SELECT $1, 1, $2::date + n, $3, 0 FROM generate_series(0, $4 - 1) n`, hotel, documentStart, rooms, documentNights)
}

var errFull = errors.New("the document's check says no")

// reserve is the document's transaction. between runs after the check.
func (d *document) reserve(ctx context.Context, hotel int, from, to time.Time, between func()) (uid.ID, error) {
	id := uid.New()
	conn, err := pgx.Connect(ctx, d.dsn)
	if err != nil {
		return id, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return id, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	const rooms = 1
	rows, err := tx.Query(ctx, documentCheck, 1, hotel, from, to)
	if err != nil {
		return id, err
	}
	type line struct {
		Date            time.Time
		Total, Reserved int
	}
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByPos[line])
	if err != nil {
		return id, err
	}
	between()
	for _, l := range lines {
		if (l.Reserved+rooms)*100 > 110*l.Total {
			return id, errFull
		}
	}
	if _, err := tx.Exec(ctx, documentReserve, rooms, 1, from, to); err != nil {
		return id, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO reservation VALUES ($1, $2, 1, $3, $4, 'pending')`, id, hotel, from, to); err != nil {
		return id, err
	}
	return id, tx.Commit(ctx)
}

// books puts the document's tables into the form that the checker adds up; a hotel is a pool. What may be sold is the
// document's own 110 %.
func (d *document) books(t *testing.T) *books.Books {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	b := &books.Books{Slots: map[books.Key]books.Slot{}, Reservations: map[uid.ID]*books.Reservation{}}
	rows, err := conn.Query(t.Context(), `SELECT hotel_id, date - $1::date, total_inventory, total_reserved FROM room_type_inventory`, documentStart)
	if err != nil {
		t.Fatal(err)
	}
	var hotel, night, total, reserved int64
	if _, err := pgx.ForEachRow(rows, []any{&hotel, &night, &total, &reserved}, func() error {
		target := total * 110 / 100
		b.Slots[books.Key{Pool: hotel, Slot: night}] = books.Slot{Target: target, Limit: max(target, reserved), Held: reserved}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rows, err = conn.Query(t.Context(), `SELECT reservation_id, hotel_id, start_date - $1::date, end_date - $1::date FROM reservation`, documentStart)
	if err != nil {
		t.Fatal(err)
	}
	var id [16]byte
	var from, to int64
	if _, err := pgx.ForEachRow(rows, []any{&id, &hotel, &from, &to}, func() error {
		b.Claims = append(b.Claims, books.Claim{Reservation: id, Pool: hotel, From: from, To: to, Count: 1, Life: 1, Status: books.Held})
		b.Reservations[id] = &books.Reservation{Status: books.Held, Version: 1, Items: 1, Travellers: 1, Lines: 1, Entries: 1, Last: 1, Events: 1, Claims: 1, PlacedEntries: 1}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return b
}

// found wants a finding with all of some words.
func found(t *testing.T, what string, findings []string, words ...string) {
	t.Helper()
	has := func(f string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(f, w) })
	}
	if i := slices.IndexFunc(findings, has); i >= 0 {
		t.Logf("%s: %s", what, findings[i])
		return
	}
	t.Errorf("%s: nothing about %q among %q", what, words, findings)
}

func nothing() {}

// TestRedDocumentUpdate: one single booking by the document's statements reserves a room in every hotel that numbers its
// room types alike, and the night on which the guest leaves.
func TestRedDocumentUpdate(t *testing.T) {
	d := openDocument(t)
	d.hotel(t, 1, 10)
	d.hotel(t, 2, 10)
	if _, err := d.reserve(t.Context(), 1, documentNight(2), documentNight(5), nothing); err != nil {
		t.Fatal(err)
	}
	findings := d.books(t).Findings(books.Expect{Unknown: 1})
	found(t, "departure night", findings, "pool 1 slot 5:", "counts 1 held", "add up to 0")
	found(t, "another hotel", findings, "pool 2 slot 3:", "counts 1 held", "add up to 0")
	if slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, "pool 1 slot 4:") }) {
		t.Errorf("the night that was booked is said to be wrong too: %q", findings)
	}
}

// TestRedDocumentCheck: everybody wants the last room by the document's statements; all read before one has written.
func TestRedDocumentCheck(t *testing.T) {
	d := openDocument(t)
	for round := range redRounds {
		hotel := 10 + round
		d.hotel(t, hotel, 1)
		// Later rounds' hotels do not share the nights of what was booked already: the UPDATE lacks the hotel.
		execute(t, d.dsn, `DELETE FROM room_type_inventory WHERE hotel_id <> $1`, hotel)
		execute(t, d.dsn, `DELETE FROM reservation`)
		var reading, running sync.WaitGroup
		reading.Add(redClients)
		for range redClients {
			running.Go(func() {
				once := sync.OnceFunc(func() { reading.Done() })
				defer once()
				_, err := d.reserve(t.Context(), hotel, documentNight(0), documentNight(3), func() { once(); reading.Wait() })
				if err != nil && !errors.Is(err, errFull) {
					t.Errorf("reserve: %v", err)
				}
			})
		}
		running.Wait()
		findings := d.books(t).Findings(books.Expect{Unknown: redClients, Most: 1})
		if slices.ContainsFunc(findings, func(f string) bool { return strings.Contains(f, "never were more than 1") }) {
			t.Logf("caught in round %d: %s", round+1, findings[0])
			return
		}
	}
	t.Errorf("the document's check sold in %d rounds and the checker found nothing", redRounds)
}

// TestRedDocumentConstraint: the document's CHECK, given as the cure, refuses its own 10 % of overbooking.
func TestRedDocumentConstraint(t *testing.T) {
	d := openDocument(t)
	execute(t, d.dsn, documentConstraint)
	d.hotel(t, 1, 10)
	for n := range 11 {
		_, err := d.reserve(t.Context(), 1, documentNight(0), documentNight(1), nothing)
		if refused := err != nil; refused != (n == 10) {
			t.Fatalf("booking %d of 11 that 110%% of 10 rooms allow: %v", n+1, err)
		}
	}
}
