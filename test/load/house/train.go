package house

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/peer"
	"holdfast/uid"
)

// The train of a rush.
const (
	Coaches    = 16
	CoachSeats = 64
	TrainSeats = Coaches * CoachSeats
	Segments   = 30
	meanRide   = 6 // segments, before the end of the line cuts it
	mostSeats  = 2 // of one request
)

// Train is what a rush sells, the same for us and for the peers.
type Train struct {
	Mode     offer.Mode // stock is the same; a flight's seats are chosen
	Supplier uid.ID
	Currency money.Currency
	Layout   *stock.Layout
	Departs  time.Time
	run      uid.ID
	fare     uid.ID
}

// NewTrain is a train, or a departure, some weeks ahead.
func NewTrain(mode offer.Mode) *Train {
	l := &stock.Layout{}
	for i := range TrainSeats {
		coach, seat := i/CoachSeats, i%CoachSeats
		u := stock.Unit{Label: fmt.Sprintf("%d-%d", coach+1, seat+1), Group: uint16(coach), Row: uint16(seat / 4), Traits: stock.Aisle}
		if seat%4 == 0 || seat%4 == 3 {
			u.Traits = stock.Window
		}
		l.Units = append(l.Units, u)
	}
	return &Train{
		Mode: mode, Supplier: uid.New(), Currency: "EUR", Layout: l, Departs: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 40).Add(6 * time.Hour),
		run: uid.New(), fare: uid.New(),
	}
}

// Ride is a wish of a request: so many seats from one stop to another.
type Ride struct{ From, To, Seats int }

// rides is how many different ones there are.
const rides = Segments * (Segments + 1) * mostSeats

func (r Ride) index() int { return (r.From*(Segments+1)+r.To)*mostSeats + r.Seats - 1 }

// RideOf is what a request wants: it boards anywhere, goes 6 stops on average (exponentially distributed, so that short
// rides are usual and a few go all the way), and one in three is for two who want to sit together. It follows from the
// request alone, so that everybody is asked the same.
func RideOf(q drive.Request) Ride {
	from := int(q.Hash[8]) % Segments
	u := float64(uint16(q.Hash[9])<<8|uint16(q.Hash[10])) / (1 << 16)
	r := Ride{From: from, To: min(Segments, from+1+int(-math.Log(1-u)*meanRide)), Seats: 1}
	if q.Hash[11]%3 == 0 {
		r.Seats = 2
	}
	return r
}

// Claim is what a ride claims of a pool, before seats are given out.
func (t *Train) Claim(pool stock.PoolID, r Ride) stock.Claim {
	return stock.Claim{Pool: pool, From: stock.Slot(r.From), To: stock.Slot(r.To), Count: int32(r.Seats)}
}

// EndsAt is when a ride has arrived: a quarter of an hour a segment.
func (t *Train) EndsAt(r Ride) time.Time {
	return t.Departs.Add(time.Duration(r.To) * 15 * time.Minute)
}

// Piece is the priced ride, as rail makes it.
func (t *Train) Piece(pool stock.PoolID, r Ride) offer.Piece {
	departs := t.Departs.Add(time.Duration(r.From) * 15 * time.Minute)
	fare := int64(1_900+600*(r.To-r.From)) * int64(r.Seats)
	return offer.Piece{
		Supplier: t.Supplier, Claims: []stock.Claim{t.Claim(pool, r)},
		Price: offer.Price{Base: fare, Parts: []offer.Part{{Kind: offer.Tax, Code: "vat", Minor: fare * 7 / 107, Included: true}}},
		Terms: offer.Terms{FreeUntil: t.Departs.AddDate(0, 0, -1), FeeBP: 1_000, EndsAt: t.EndsAt(r)},
		Ride: &offer.Ride{
			Mode: t.Mode, Run: t.run, Number: "ICE 1672", Date: civil.DateOf(t.Departs.Date()), From: fmt.Sprintf("DE%06d", r.From), To: fmt.Sprintf("DE%06d", r.To),
			Departs: departs, Arrives: t.EndsAt(r), DepartOffset: 60, ArriveOffset: 60, Class: "second", Fare: t.fare, FareVersion: t.fare, FareName: "Flex",
			Adults: uint8(r.Seats), Seating: offer.Seating{Pool: pool, AtHold: t.Mode == offer.Train},
		},
	}
}

// Desk sells seats of trains over our desk.
type Desk struct {
	*Core
	Label  string     // the one seat that everybody wants; "": any
	offers [][]string // sealed, by train and ride
}

// OpenDesk puts a core up with so many trains, all alike.
func OpenDesk(ctx context.Context, engine Engine, t *Train, trains int) (*Desk, error) {
	d := &Desk{}
	var err error
	d.Core, err = putUp(ctx, engine, func(c *Core) error { return d.define(ctx, c, t, trains) })
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Desk) define(ctx context.Context, c *Core, t *Train, trains int) error {
	sealer, err := c.sealer(ctx)
	if err != nil {
		return err
	}
	layouts, err := c.core.DefineLayouts(ctx, []*stock.Layout{t.Layout})
	if err != nil {
		return err
	}
	specs := make([]reservation.PoolSpec, trains)
	for i := range specs {
		specs[i] = reservation.PoolSpec{Ref: uid.New(), Supplier: t.Supplier, Layout: layouts[0], To: Segments}
	}
	pools, err := c.core.DefinePools(ctx, specs)
	if err != nil {
		return fmt.Errorf("define trains: %w", err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	for _, pool := range pools {
		sealed := make([]string, rides)
		err := each(func(r Ride) (err error) {
			sealed[r.index()], err = sealer.Seal(offer.Offer{IssuedAt: now, ExpiresAt: now.Add(time.Hour), Currency: t.Currency, Pieces: []offer.Piece{t.Piece(pool, r)}})
			return err
		})
		if err != nil {
			return err
		}
		d.offers = append(d.offers, sealed)
	}
	return nil
}

// each calls with every ride there is.
func each(fn func(Ride) error) error {
	for from := range Segments {
		for to := from + 1; to <= Segments; to++ {
			for seats := 1; seats <= mostSeats; seats++ {
				if err := fn(Ride{from, to, seats}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Place implements drive.Seller. Every request has a caller of its own; no whole seat left is sold out too.
func (d *Desk) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	ride := RideOf(r)
	choice := reservation.SeatChoice{Wish: stock.Wish{Together: true}}
	if d.Label != "" {
		ride, choice = Ride{0, Segments, 1}, reservation.SeatChoice{Labels: []string{d.Label}}
	}
	answer, err := d.core.Place(ctx, reservation.PlaceRequest{
		Caller: reservation.Caller{Subject: Subject(r.N)}, Key: reservation.Idempotency{ID: r.Key, Request: r.Hash},
		Offers: []string{d.offers[r.Target][ride.index()]}, Seats: []reservation.SeatChoice{choice},
		Travellers: []reservation.Traveller{{GivenName: GivenName, FamilyName: FamilyName, Email: Email}},
	})
	if err == nil {
		return answer.Reservation.ID, nil
	}
	switch fault.As(err).Reason {
	case "sold_out", "no_single_seat", "seat_unavailable":
		return uid.ID{}, drive.ErrSoldOut
	}
	return uid.ID{}, err
}

// SeatPeer sells seats of trains in one of the peers' forms, on the same tables.
type SeatPeer struct {
	*peer.Peer
	form      peer.Form
	database  *Database
	train     *Train
	documents [][]string // by train and ride
}

// OpenSeatPeer puts a peer up with so many connections.
func OpenSeatPeer(ctx context.Context, t *Train, trains int, form peer.Form, connections int) (_ *SeatPeer, err error) {
	p := &SeatPeer{form: form, train: t}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close(ctx))
		}
	}()
	if p.database, err = PeerDatabase(ctx, Plan{Stay: NewStay()}); err != nil {
		return nil, err
	}
	dsn := p.database.DSN
	if err := peer.Define(ctx, dsn, int64(trains), TrainSeats, 0, Segments, t.Supplier); err != nil {
		return nil, err
	}
	if err := peer.DefineSeats(ctx, dsn, int64(trains), TrainSeats); err != nil {
		return nil, err
	}
	if err := p.database.Settle(ctx); err != nil {
		return nil, err
	}
	for i := range trains {
		documents := make([]string, rides)
		err := each(func(r Ride) error {
			piece := t.Piece(stock.PoolID(i+1), r)
			documents[r.index()] = peer.ItemDocument(&piece)
			return nil
		})
		if err != nil {
			return nil, err
		}
		p.documents = append(p.documents, documents)
	}
	if p.Peer, err = peer.Open(ctx, dsn, form, connections); err != nil {
		return nil, err
	}
	return p, nil
}

// Place implements drive.Seller.
func (p *SeatPeer) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	ride := RideOf(r)
	return p.Peer.Place(ctx, &peer.Order{
		Key: r.Key, Hash: r.Hash, Caller: Subject(r.N), Claim: p.train.Claim(stock.PoolID(r.Target+1), ride), Supplier: p.train.Supplier,
		Currency: string(p.train.Currency), EndsAt: p.train.EndsAt(ride), Document: p.documents[r.Target][ride.index()],
		Traveller: peer.Traveller{GivenName: GivenName, FamilyName: FamilyName, Email: Email},
	})
}

// Check verifies what is stored.
func (p *SeatPeer) Check(ctx context.Context, want check.Expect) (*check.Report, error) {
	want.Uncounted = p.form != peer.SeatsCounted
	return check.Postgres(ctx, p.database.DSN, want)
}

// Close takes the peer down and removes its database.
func (p *SeatPeer) Close(ctx context.Context) error {
	var errs []error
	if p.Peer != nil {
		errs = append(errs, p.Peer.Close(ctx))
	}
	if p.database != nil {
		errs = append(errs, p.database.Drop(ctx))
	}
	return errors.Join(errs...)
}
