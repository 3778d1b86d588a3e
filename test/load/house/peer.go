package house

import (
	"context"
	"errors"

	"holdfast/reservation/postgres"
	"holdfast/stock"
	"holdfast/test/load/check"
	"holdfast/test/load/drive"
	"holdfast/test/load/peer"
	"holdfast/uid"
)

// Peer is a form of selling on a fresh database with the same tables, pools and requests as ours.
type Peer struct {
	*peer.Peer
	database *Database
	stay     *Stay
	document []string // by target
}

// OpenPeer puts a peer up with so many connections.
func OpenPeer(ctx context.Context, p Plan, form peer.Form, connections int) (_ *Peer, err error) {
	c := &Peer{stay: p.Stay, document: Documents(p)}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close(ctx))
		}
	}()
	if c.database, err = PeerDatabase(ctx, p); err != nil {
		return nil, err
	}
	if c.Peer, err = peer.Open(ctx, c.database.DSN, form, connections); err != nil {
		return nil, err
	}
	return c, nil
}

// PeerDatabase makes a database with the tables of our engine and the pools of the plan, numbered from 1.
func PeerDatabase(ctx context.Context, p Plan) (*Database, error) {
	d, err := NewDatabase(ctx)
	if err != nil {
		return nil, err
	}
	from, to := p.Stay.Slots()
	err = postgres.Migrate(ctx, d.DSN)
	if err == nil && p.Pools > 0 {
		err = peer.Define(ctx, d.DSN, int64(p.Pools), p.Units, from, to, p.Stay.Supplier)
	}
	if err == nil {
		err = d.Settle(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.Drop(ctx))
	}
	return d, nil
}

// Documents are the item documents of a plan's targets, pools being numbered from 1.
func Documents(p Plan) []string {
	documents := make([]string, p.Pools)
	for i := range documents {
		piece := p.Stay.Piece(stock.PoolID(i + 1))
		documents[i] = peer.ItemDocument(&piece)
	}
	return documents
}

// Place implements drive.Seller.
func (c *Peer) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	return c.Peer.Place(ctx, &peer.Order{
		Key: r.Key, Hash: r.Hash, Caller: Subject(r.N), Claim: c.stay.Claim(stock.PoolID(r.Target + 1)), Supplier: c.stay.Supplier,
		Currency: string(c.stay.Currency), EndsAt: c.stay.EndsAt(), Document: c.document[r.Target],
		Traveller: peer.Traveller{GivenName: GivenName, FamilyName: FamilyName, Email: Email},
	})
}

// Check verifies what is stored.
func (c *Peer) Check(ctx context.Context, want check.Expect) (*check.Report, error) {
	return check.Postgres(ctx, c.database.DSN, want)
}

// Close takes the peer down and removes its database.
func (c *Peer) Close(ctx context.Context) error {
	var errs []error
	if c.Peer != nil {
		errs = append(errs, c.Peer.Close(ctx))
	}
	if c.database != nil {
		errs = append(errs, c.database.Drop(ctx))
	}
	return errors.Join(errs...)
}
