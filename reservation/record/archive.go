package record

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"holdfast/money"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/uid"
)

// Line is a history entry with the event that it names.
type Line struct {
	reservation.Entry
	Stream int32
	N      int64
}

// Archived is everything that was stored about a reservation.
type Archived struct {
	Loaded
	History []Line
}

// archived is the document of an archived reservation. Instants are microseconds since 1970; what is a word
// elsewhere is the number it is stored as.
type archived struct {
	ID            hexID           `json:"id"`
	Name          string          `json:"name,omitempty"`
	Locator       string          `json:"locator"`
	Caller        string          `json:"caller"`
	Status        uint8           `json:"status"`
	Payment       uint8           `json:"payment"`
	Currency      string          `json:"currency"`
	CreatedAt     *int64          `json:"created_at"`
	UpdatedAt     *int64          `json:"updated_at"`
	HoldExpiresAt *int64          `json:"hold_expires_at,omitempty"`
	PlacedUntil   *int64          `json:"placed_until,omitempty"`
	Extensions    int16           `json:"extensions,omitempty"`
	GraceUsed     bool            `json:"grace_used,omitempty"`
	Attempt       hexID           `json:"attempt,omitzero"`
	Method        string          `json:"method,omitempty"`
	PayKey        hexID           `json:"pay_key,omitzero"`
	Paid          int64           `json:"paid,omitempty"`
	Refunded      int64           `json:"refunded,omitempty"`
	Owed          int64           `json:"owed,omitempty"`
	RefundID      hexID           `json:"refund_id,omitzero"`
	Step          uint8           `json:"step,omitempty"`
	StepDue       *int64          `json:"step_due,omitempty"`
	StepTries     int16           `json:"step_tries,omitempty"`
	Version       int64           `json:"version"`
	ItemStatus    string          `json:"item_status"`
	Document      json.RawMessage `json:"document"`          // travellers and items, as AppendDocument writes them
	Amended       json.RawMessage `json:"amended,omitempty"` // what has changed of them, as AppendAmended writes it
	Claims        []archivedClaim `json:"claims"`            // by item and order
	History       []archivedEntry `json:"history"`
}

type archivedClaim struct {
	Item  int    `json:"item"`
	Pool  int64  `json:"pool"`
	From  int32  `json:"from"`
	To    int32  `json:"to"`
	Count int32  `json:"count"`
	Life  uint16 `json:"life"`
	Unit  int32  `json:"unit,omitempty"`
}

type archivedEntry struct {
	Version   int64  `json:"version"`
	At        *int64 `json:"at"`
	ActorKind uint8  `json:"actor_kind"`
	Actor     string `json:"actor"`
	Cause     uint8  `json:"cause"`
	From      uint8  `json:"from,omitempty"`
	To        uint8  `json:"to"`
	Payment   uint8  `json:"payment"`
	Note      string `json:"note,omitempty"`
	Stream    int32  `json:"stream"`
	N         int64  `json:"n"`
}

// hexID is an id as the documents have it.
type hexID uid.ID

func (id hexID) IsZero() bool { return id == hexID{} }

// MarshalText implements encoding.TextMarshaler.
func (id hexID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *hexID) UnmarshalText(text []byte) error { return parseID(string(text), (*uid.ID)(id)) }

func microOf(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	v := t.UnixMicro()
	return &v
}

func ofMicro(v *int64) time.Time {
	if v == nil {
		return time.Time{}
	}
	return time.UnixMicro(*v).UTC()
}

// Archive is the document of a reservation for the archive.
func Archive(l *Loaded, history []Line) ([]byte, error) {
	r := l.Reservation
	a := archived{
		ID: hexID(r.ID), Name: r.Name, Locator: r.Locator, Caller: r.Caller, Status: uint8(r.Status), Payment: uint8(r.Payment), Currency: string(r.Currency),
		CreatedAt: microOf(r.CreatedAt), UpdatedAt: microOf(r.UpdatedAt), HoldExpiresAt: microOf(r.HoldExpiresAt), PlacedUntil: microOf(r.PlacedUntil),
		Extensions: r.Extensions, GraceUsed: r.GraceUsed, Attempt: hexID(r.Attempt), Method: r.Method, PayKey: hexID(r.PayKey), Paid: r.Paid, Refunded: r.Refunded,
		Owed: r.Owed, RefundID: hexID(r.RefundID), Step: uint8(r.Step), StepDue: microOf(r.StepDue), StepTries: r.StepTries, Version: r.Version,
		ItemStatus: string(AppendStatuses(nil, r)), Document: AppendDocument(nil, r), Amended: AppendAmended(nil, r), Claims: []archivedClaim{}, History: []archivedEntry{},
	}
	for i := range r.Items {
		for ord, c := range r.Items[i].Claims {
			a.Claims = append(a.Claims, archivedClaim{i, int64(c.Pool), int32(c.From), int32(c.To), c.Count, uint16(l.Lives[i][ord]), c.Unit})
		}
	}
	for i := range history {
		h := &history[i]
		a.History = append(a.History, archivedEntry{
			h.Version, microOf(h.At), uint8(h.Actor.Kind), h.Actor.ID, uint8(h.Cause), uint8(h.From), uint8(h.To), uint8(h.Payment), h.Note, h.Stream, h.N,
		})
	}
	text, err := json.Marshal(&a)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", r.ID.Text("res"), err)
	}
	return text, nil
}

// ReadArchive reads what Archive wrote.
func ReadArchive(text []byte) (*Archived, error) {
	var a archived
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("archived reservation: %w", err)
	}
	r := &reservation.Reservation{
		ID: uid.ID(a.ID), Name: a.Name, Locator: a.Locator, Caller: a.Caller, Status: reservation.Status(a.Status), Payment: reservation.PaymentStatus(a.Payment),
		Currency: money.Currency(a.Currency), CreatedAt: ofMicro(a.CreatedAt), UpdatedAt: ofMicro(a.UpdatedAt), HoldExpiresAt: ofMicro(a.HoldExpiresAt),
		PlacedUntil: ofMicro(a.PlacedUntil), Extensions: a.Extensions, GraceUsed: a.GraceUsed, Attempt: uid.ID(a.Attempt), Method: a.Method, PayKey: uid.ID(a.PayKey),
		Paid: a.Paid, Refunded: a.Refunded, Owed: a.Owed, RefundID: uid.ID(a.RefundID), Step: reservation.Step(a.Step), StepDue: ofMicro(a.StepDue),
		StepTries: a.StepTries, Version: a.Version, Stored: a.Version,
	}
	if !slices.Contains(reservation.Statuses, r.Status) || r.Payment < reservation.Unpaid || r.Payment > reservation.RefundFailed {
		return nil, fmt.Errorf("archived reservation: status %d, payment %d", a.Status, a.Payment)
	}
	if err := Document(a.Document, a.ItemStatus, a.Amended, r); err != nil {
		return nil, err
	}
	out := &Archived{Loaded: Loaded{Reservation: r, Lives: make([][]reservation.ClaimLife, len(r.Items))}}
	for _, c := range a.Claims {
		if c.Item < 0 || c.Item >= len(r.Items) {
			return nil, fmt.Errorf("archived reservation: claim of item %d of %d", c.Item, len(r.Items))
		}
		it := &r.Items[c.Item]
		it.Claims = append(it.Claims, stock.Claim{Pool: stock.PoolID(c.Pool), From: stock.Slot(c.From), To: stock.Slot(c.To), Count: c.Count, Unit: c.Unit})
		out.Lives[c.Item] = append(out.Lives[c.Item], reservation.ClaimLife(c.Life))
	}
	for _, h := range a.History {
		out.History = append(out.History, Line{Stream: h.Stream, N: h.N, Entry: reservation.Entry{
			Reservation: r.ID, Version: h.Version, At: ofMicro(h.At), Actor: reservation.Actor{Kind: reservation.ActorKind(h.ActorKind), ID: h.Actor},
			Cause: reservation.Cause(h.Cause), From: reservation.Status(h.From), To: reservation.Status(h.To), Payment: reservation.PaymentStatus(h.Payment), Note: h.Note,
		}})
	}
	return out, nil
}

// Entries are the history without the events it names.
func (a *Archived) Entries() []reservation.Entry {
	out := make([]reservation.Entry, len(a.History))
	for i := range a.History {
		out[i] = a.History[i].Entry
	}
	return out
}
