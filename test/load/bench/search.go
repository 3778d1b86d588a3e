package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/test/load/drive"
	"holdfast/test/load/house"
	"holdfast/test/load/meter"
	"holdfast/test/load/progress"
	"holdfast/test/load/result"
	"holdfast/test/load/traffic"
	"holdfast/uid"
)

// The aims of B4.
const (
	searchMicros  = 200   // L0, a city of 4,000 types
	searchForSQL  = 50    // times the query on PostgreSQL
	searchHTTP    = 5_000 // L2, requests a second
	searchNights  = house.Nights
	searchBest    = 20
	searchClients = 64
)

// city is the town of B4, and everything its larger sister of 100,000 types.
func (o Options) city() house.Town { return house.Town{Hotels: 800, Types: 5, Nights: 75} }

func (o Options) everything() house.Town { return house.Town{Hotels: 5000, Types: 20, Nights: 40} }

// B4 is search: the free types of a city for three nights with price and sort, then all types there are, then over HTTP.
func B4(ctx context.Context, o Options) (lines []Line, err error) {
	if slices.Contains(o.Layers, 0) {
		if lines, err = o.searchRules(ctx); err != nil {
			return lines, err
		}
	}
	if slices.Contains(o.Layers, 2) {
		got, err := o.searchHTTP(ctx)
		return append(lines, got...), err
	}
	return lines, nil
}

// timed is how long queries of one kind take: medians of rounds.
type timed struct {
	micros []float64
	used   meter.Usage
	n      int64
}

func (t *timed) median() float64 { return (&entry{rates: t.micros}).median() }

func (t *timed) cost() *meter.Cost {
	c := t.used.Per(t.n)
	return &c
}

// round runs queries one after the other for so long.
func (o Options) round(ctx context.Context, t *timed, length time.Duration, query func(ctx context.Context, n int) error) error {
	before, began, n := meter.Read(0, o.Database), time.Now(), 0
	for ; time.Since(began) < length || n < 3; n++ {
		if err := query(ctx, n); err != nil {
			return err
		}
	}
	t.micros = append(t.micros, float64(time.Since(began).Microseconds())/float64(n))
	t.used, t.n = t.used.Plus(meter.Read(0, o.Database).Since(before)), t.n+int64(n)
	return nil
}

func (o Options) searchLength() time.Duration {
	if o.Short {
		return 300 * time.Millisecond
	}
	return 2 * time.Second
}

// ask is the n-th query of a town: other dates each time, inside and outside of the season.
func ask(t house.Town, n, limit int) hotel.StayQuery {
	from := house.Today().Add(1 + n*17%(t.Nights-searchNights-2))
	return hotel.StayQuery{
		Place: house.TownCity, CheckIn: from, CheckOut: from.Add(searchNights), Rooms: []offer.Party{{Adults: 2}}, Sort: hotel.ByPrice, Limit: limit,
	}
}

// searchRules is L0 beside the same query on PostgreSQL.
func (o Options) searchRules(ctx context.Context) (lines []Line, err error) {
	town := o.city()
	finder, err := house.OpenFinder(ctx, town)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, finder.Stop(ctx)) }()
	var table *searchTable
	if o.peers() {
		if table, err = openSearchTable(ctx, town, o.Connections); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, table.close(ctx)) }()
		if err := table.same(ctx, finder, town); err != nil {
			return nil, err
		}
	}
	search := func(core *hotel.Core, t house.Town, limit int) func(context.Context, int) error {
		return func(ctx context.Context, n int) error {
			found, err := core.Search(ctx, ask(t, n, limit))
			if err == nil && len(found) != limit {
				err = fmt.Errorf("%d found, want %d", len(found), limit)
			}
			return err
		}
	}
	var one, best timed
	forms := map[string]*timed{}
	for range o.Rounds {
		if err := o.round(ctx, &one, o.searchLength(), search(finder, town, 1)); err != nil {
			return nil, err
		}
		if err := o.round(ctx, &best, o.searchLength(), search(finder, town, searchBest)); err != nil {
			return nil, err
		}
		if table == nil {
			continue
		}
		for _, form := range searchForms {
			if forms[form.name] == nil {
				forms[form.name] = &timed{}
			}
			if err := o.round(ctx, forms[form.name], o.searchLength(), func(ctx context.Context, n int) error {
				_, err := table.ask(ctx, form.sql, ask(town, n, searchBest))
				return err
			}); err != nil {
				return nil, fmt.Errorf("%s: %w", form.name, err)
			}
		}
	}
	us := func(name string, ours *timed, note string) Line {
		return Line{Name: name, Unit: "us", Ours: ours.median(), Cost: ours.cost(), Note: note}
	}
	l := us("b4.l0.city.one", &one, "4,000 types, three nights, priced and sorted; one offer sealed")
	l.Most = searchMicros
	lines = append(lines, l)
	l = us("b4.l0.city.best20", &best, "the 20 best hotels, an offer sealed for each; ratio is peer / ours")
	for _, form := range searchForms {
		if t := forms[form.name]; t != nil && (l.Peer == 0 || t.median() < l.Peer) {
			l.Peer, l.Form, l.PeerCost = t.median(), form.name, t.cost()
			l.Ratio, l.Aim = t.median()/best.median(), searchForSQL
		}
	}
	lines = append(lines, l)
	if err := ctx.Err(); err != nil {
		return lines, err
	}
	all := o.everything()
	large, err := house.OpenFinder(ctx, all)
	if err != nil {
		return lines, err
	}
	defer func() { err = errors.Join(err, large.Stop(ctx)) }()
	var everything timed
	for range o.Rounds {
		if err := o.round(ctx, &everything, o.searchLength(), search(large, all, searchBest)); err != nil {
			return lines, err
		}
	}
	return append(lines, us("b4.l0.all.best20", &everything, "all 100,000 types of 5,000 hotels in one query")), nil
}

// searchHTTP is L2: the real binary with the city in it.
func (o Options) searchHTTP(ctx context.Context) (lines []Line, err error) {
	town := o.city()
	server, err := house.OpenServer(ctx, house.ServerPlan{
		Plan: house.Plan{Engine: o.Stores[0], Stay: house.NewStay()}, Binary: o.Binary, Tokens: searchClients, Town: &town,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Close(ctx)) }()
	site, err := traffic.Open(ctx, traffic.Target{Address: server.Address, Tokens: server.Tokens, Connections: searchClients, Days: town.Nights - 40})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, site.Close()) }()
	scenario, err := site.Scenario(ctx, "search")
	if err != nil {
		return nil, err
	}
	var table *searchTable
	if o.peers() {
		if table, err = openSearchTable(ctx, town, o.Connections); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, table.close(ctx)) }()
	}
	ours, theirs := &entry{name: "search"}, &entry{name: searchForms[1].name}
	length := 4 * o.searchLength()
	for round := range o.Rounds {
		if err := o.closed(ctx, "b4.l2.best20.ours", ours, scenario, searchClients, length, uint64(round), server.PID()); err != nil {
			return nil, err
		}
		if table == nil {
			continue
		}
		if err := o.closed(ctx, "b4.l2.best20."+theirs.name, theirs, table.seller(town), o.Connections, length/2, uint64(round), 0); err != nil {
			return nil, err
		}
	}
	ours.rss = meter.PeakRSS(server.PID())
	o.Result.Memory("b4.l2.best20.ours", ours.rss)
	l := line("b4.l2.best20", ours.median(), theirs.name, theirs.median()).priced(ours, theirs)
	l.Least = searchHTTP
	if table != nil {
		l.Aim = searchForSQL
	}
	l.Note = "20 best hotels of 800, an offer sealed for each; the peer has no HTTP before it"
	return []Line{l}, nil
}

// closed runs one round of a closed loop of something that stores nothing, and books it.
func (o Options) closed(ctx context.Context, name string, e *entry, s drive.Seller, clients int, length time.Duration, round uint64, pid int) error {
	l := drive.Load{Clients: clients, Duration: length, Warm: length / 5, Targets: 1, Seed: (round + 1) * seedOf, Live: &drive.Live{}}
	shown := progress.Watch(o.Progress, name, length, l.Live)
	before := meter.Read(pid, o.Database)
	r := drive.Closed(ctx, s, l)
	used := meter.Read(pid, o.Database).Since(before)
	shown()
	o.Result.Add(name, result.RoundOf(r, 0, used.Per(r.Answers())))
	if err := e.book(ctx, r); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	e.rates = append(e.rates, r.Rate)
	e.used, e.answers = e.used.Plus(used), e.answers+r.Answers()
	_, _ = fmt.Fprintf(o.Progress, "  %s round %d: %.0f/s, %v\n", name, round+1, r.Rate, r.Latency.Summary())
	return nil
}

// searchTable is the peer of B4: the town in tables of PostgreSQL, with the indexes that its queries want.
type searchTable struct {
	database *house.Database
	pool     *pgxpool.Pool
}

// searchForms are ways to ask. Both answer with the cheapest type of each of the 20 best hotels; neither looks at
// restrictions nor seals anything, both of which ours does.
var searchForms = []struct{ name, sql string }{
	{"joined", `
		WITH free AS (
			SELECT t.hotel, t.pool, sum(r.price) + $5::bigint AS total
			FROM hotels h
			JOIN room_types t ON t.hotel = h.id AND t.adults >= 2
			JOIN slots s ON s.pool = t.pool AND s.night >= $2 AND s.night < $3 AND s.free >= 1
			JOIN rates r ON r.pool = s.pool AND r.night = s.night
			WHERE h.city = $1
			GROUP BY t.hotel, t.pool HAVING count(*) = $3::int - $2::int
		)
		SELECT hotel, pool, total FROM (SELECT DISTINCT ON (hotel) hotel, pool, total FROM free ORDER BY hotel, total, pool) best
		ORDER BY total, hotel LIMIT $4`},
	{"covering", `
		WITH free AS (
			SELECT hotel, pool, sum(price) + $5::bigint AS total FROM nights
			WHERE city = $1 AND night >= $2 AND night < $3 AND free >= 1
			GROUP BY hotel, pool HAVING count(*) = $3::int - $2::int
		)
		SELECT hotel, pool, total FROM (SELECT DISTINCT ON (hotel) hotel, pool, total FROM free ORDER BY hotel, total, pool) best
		ORDER BY total, hotel LIMIT $4`},
}

const searchSchema = `
	CREATE TABLE hotels (id int PRIMARY KEY, city text NOT NULL);
	CREATE TABLE room_types (pool int PRIMARY KEY, hotel int NOT NULL, adults int NOT NULL);
	CREATE TABLE slots (pool int, night int, free int NOT NULL, PRIMARY KEY (pool, night) INCLUDE (free));
	CREATE TABLE rates (pool int, night int, price bigint NOT NULL, PRIMARY KEY (pool, night) INCLUDE (price));
	CREATE TABLE nights (city text, night int, hotel int NOT NULL, pool int, free int NOT NULL, price bigint NOT NULL)`

const searchIndexes = `
	CREATE INDEX ON hotels (city) INCLUDE (id);
	CREATE INDEX ON room_types (hotel) INCLUDE (pool, adults);
	INSERT INTO nights SELECT h.city, s.night, t.hotel, s.pool, s.free, r.price
		FROM hotels h JOIN room_types t ON t.hotel = h.id JOIN slots s USING (pool) JOIN rates r USING (pool, night) ORDER BY 1, 2, 4;
	CREATE INDEX ON nights (city, night) INCLUDE (hotel, pool, free, price)`

func openSearchTable(ctx context.Context, t house.Town, connections int) (s *searchTable, err error) {
	s = &searchTable{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.database, err = house.NewDatabase(ctx); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(s.database.DSN)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(connections)
	config.ConnConfig.RuntimeParams["jit"] = "off" // compiling takes longer than these queries
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	if _, err := s.pool.Exec(ctx, searchSchema); err != nil {
		return nil, err
	}
	var hotels, types, slots, rates [][]any
	today, pool := house.Today(), 0
	from, to := t.Season()
	for i := range t.Hotels {
		hotels = append(hotels, []any{int32(i), house.TownCity})
		for j := range t.Types {
			pool++
			types = append(types, []any{int32(pool), int32(i), int32(2)})
			for n := range t.Nights {
				price := t.Price(i, j)
				if n >= from && n < to {
					price = t.Raised(i)
				}
				slots = append(slots, []any{int32(pool), int32(today) + int32(n), t.Free(pool, n)})
				rates = append(rates, []any{int32(pool), int32(today) + int32(n), price})
			}
		}
	}
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"hotels", []string{"id", "city"}, hotels},
		{"room_types", []string{"pool", "hotel", "adults"}, types},
		{"slots", []string{"pool", "night", "free"}, slots},
		{"rates", []string{"pool", "night", "price"}, rates},
	} {
		if _, err := s.pool.CopyFrom(ctx, pgx.Identifier{table.name}, table.columns, pgx.CopyFromRows(table.rows)); err != nil {
			return nil, fmt.Errorf("%s: %w", table.name, err)
		}
	}
	if _, err := s.pool.Exec(ctx, searchIndexes); err != nil {
		return nil, err
	}
	_, err = s.pool.Exec(ctx, "VACUUM (ANALYZE)")
	return s, err
}

func (s *searchTable) close(ctx context.Context) error {
	if s.pool != nil {
		s.pool.Close()
	}
	if s.database == nil {
		return nil
	}
	return s.database.Drop(ctx)
}

// ask returns the totals of the best hotels.
func (s *searchTable) ask(ctx context.Context, sql string, q hotel.StayQuery) (totals []int64, err error) {
	tax := int64(house.TownTax * 2 * int(q.CheckOut-q.CheckIn))
	rows, err := s.pool.Query(ctx, sql, q.Place, int32(q.CheckIn), int32(q.CheckOut), q.Limit, tax)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, pool int32
		var total int64
		if err := rows.Scan(&id, &pool, &total); err != nil {
			return nil, err
		}
		totals = append(totals, total)
	}
	return totals, rows.Err()
}

// same fails unless our search and both forms give the same answers.
func (s *searchTable) same(ctx context.Context, finder *hotel.Core, t house.Town) error {
	for n := range 20 {
		q := ask(t, n, searchBest)
		found, err := finder.Search(ctx, q)
		if err != nil {
			return err
		}
		var ours []int64
		for i := range found {
			ours = append(ours, found[i].Offer.Pieces[0].Price.Total())
		}
		for _, form := range searchForms {
			theirs, err := s.ask(ctx, form.sql, q)
			if err != nil {
				return err
			}
			if !slices.Equal(ours, theirs) {
				return fmt.Errorf("the answers for %v differ: ours %v, %s %v", q.CheckIn, ours, form.name, theirs)
			}
		}
	}
	return nil
}

// seller asks the covering form, the faster one, from many clients.
func (s *searchTable) seller(t house.Town) drive.Seller {
	return sqlSearch{s, t, &atomic.Int64{}}
}

type sqlSearch struct {
	*searchTable
	town house.Town
	n    *atomic.Int64
}

// Place implements drive.Seller.
func (s sqlSearch) Place(ctx context.Context, _ drive.Request) (uid.ID, error) {
	_, err := s.ask(ctx, searchForms[1].sql, ask(s.town, int(s.n.Add(1)), searchBest))
	return uid.ID{}, err
}
