package hotel

import (
	"context"
	"io"
	"time"

	"holdfast/civil"
	"holdfast/money"
	"holdfast/offer"
	"holdfast/uid"
)

// Editor is who writes: staff of a supplier, or of the operator when Supplier is zero. What belongs to another
// supplier does not exist for them.
type Editor struct {
	Subject  string
	Supplier uid.ID
}

// AnyRevision is the If-Match of a caller that did not send one.
const AnyRevision = 0

// Service is what others may ask of hotels. All errors are fault.Error. Writes are for staff; a revision other than
// AnyRevision must be the house's current one (412 `changed_meanwhile`).
type Service interface {
	CreateHotel(ctx context.Context, e Editor, h Hotel) (*House, error)
	UpdateHotel(ctx context.Context, e Editor, h Hotel, revision int64) (*House, error)
	// DeleteHotel retires a hotel. Reason has_reservations while future stays exist.
	DeleteHotel(ctx context.Context, e Editor, id uid.ID, revision int64) error
	// House reads one hotel with what is in it; preparing and retired ones for their staff only (e nil: the public).
	House(ctx context.Context, e *Editor, id uid.ID) (*House, error)
	// Houses lists active hotels by name, then id. next is "" at the end.
	Houses(ctx context.Context, q ListQuery) (houses []*House, next string, err error)

	CreateRoomType(ctx context.Context, e Editor, t RoomType) (*House, uid.ID, error)
	UpdateRoomType(ctx context.Context, e Editor, t RoomType, revision int64) (*House, error)
	DeleteRoomType(ctx context.Context, e Editor, hotel, id uid.ID, revision int64) error
	SetRates(ctx context.Context, e Editor, c RateChange) (*House, error)
	SetInventory(ctx context.Context, e Editor, c InventoryChange) (*House, error)
	// Inventory reads the nights [from, to) that exist.
	Inventory(ctx context.Context, hotel, roomType uid.ID, from, to civil.Date) ([]Night, error)

	CreateRoom(ctx context.Context, e Editor, r Room) (*House, uid.ID, error)
	UpdateRoom(ctx context.Context, e Editor, r Room, revision int64) (*House, error)
	DeleteRoom(ctx context.Context, e Editor, hotel, id uid.ID, revision int64) error

	CreateRatePlan(ctx context.Context, e Editor, p RatePlan) (*House, uid.ID, error)
	UpdateRatePlan(ctx context.Context, e Editor, p RatePlan, revision int64) (*House, error)
	DeleteRatePlan(ctx context.Context, e Editor, hotel, id uid.ID, revision int64) error
	SetOverride(ctx context.Context, e Editor, c OverrideChange) (*House, error)
	// RevokeOffers ends all offers of the hotel's supplier (plan zero) or of one rate plan that were made before now.
	RevokeOffers(ctx context.Context, e Editor, hotel, plan uid.ID) error

	// Cities finds cities with hotels by the beginning of their names, the very name first, then by their hotels. Reasons:
	// validation codes.
	Cities(ctx context.Context, text string, limit int) ([]City, error)
	// Search finds stays. Reasons: validation codes, place_unknown.
	Search(ctx context.Context, q StayQuery) ([]Proposal, error)
	// BestOffer is the best public offer for a plain request: the cheapest rate plan of the room type. It prices; whether
	// there is stock is for the desk to say. Reasons: as Search, plus restriction codes (min_stay, max_stay,
	// closed_to_arrival, closed_to_departure).
	BestOffer(ctx context.Context, r StayRequest) (Proposal, error)

	// Import applies a file of hotels as one difference: all of it or nothing.
	Import(ctx context.Context, e Editor, file io.Reader, o ImportOptions, progress func(done, total int)) (*ImportReport, error)
}

// ListQuery selects hotels by words in name, address or city (Text), by exact city name without regard to case, after
// a cursor, at most Limit. Editor shows staff what is theirs, preparing ones too.
type ListQuery struct {
	Text, City, After string
	Limit             int
	Editor            *Editor
}

// RateChange sets the base price of the nights [From, To); a nil Minor goes back to the room type's base price.
type RateChange struct {
	Hotel, RoomType uid.ID
	From, To        civil.Date
	Minor           *int64
}

// InventoryChange sets what is not nil on the nights [From, To).
type InventoryChange struct {
	Hotel, RoomType   uid.ID
	From, To          civil.Date
	Capacity          *int32
	OverbookingBP     *int32
	Target            *int32
	Closed            *bool
	MinStay, MaxStay  *int
	ClosedToArrival   *bool
	ClosedToDeparture *bool
}

// OverrideChange sets the explicit price of nights of a room type under a rate plan; a nil Minor takes it away.
type OverrideChange struct {
	Hotel, Plan, RoomType uid.ID
	From, To              civil.Date
	Minor                 *int64
}

// Night is the state of one night of a room type.
type Night struct {
	Date                                   civil.Date
	Physical, OutOfOrder, Capacity, Target int32
	OverbookingBP                          int32
	Closed                                 bool
	Held, Sold, Available, Oversold        int32
	Price                                  int64
	Restriction                            Restriction
}

// StayQuery asks for stays. Exactly one of Place, Near and Hotel is set.
type StayQuery struct {
	Place             string
	Near              *Near
	Hotel             uid.ID
	CheckIn, CheckOut civil.Date
	Rooms             []offer.Party
	MinTotal          *money.Amount // filters; of the whole stay, taxes and fees included
	MaxTotal          *money.Amount
	MinStars          int
	Amenities         []string // all of them
	Board             Board    // 0: any
	FreeCancellation  bool     // only what can be cancelled free of charge for some time from now
	Sort              Sort
	Limit             int    // hotels, 1 to 100
	Audience          string // "" for public offers
}

// Near is a circle on the Earth.
type Near struct {
	Latitude, Longitude float64
	RadiusKM            float64
}

// Sort is the order of search results.
type Sort uint8

// The orders.
const (
	ByPrice    Sort = iota + 1
	ByDistance      // from Near, or from the place's centre
	ByStars         // most first, then price
)

// StayRequest is a plain request for one room type.
type StayRequest struct {
	Hotel, RoomType   uid.ID
	CheckIn, CheckOut civil.Date
	Rooms             []offer.Party
	RatePlan          uid.ID // zero: the cheapest that fits
}

// Proposal is one priced stay and the sealed offer for it.
type Proposal struct {
	Sealed     string // "off_..."
	Offer      offer.Offer
	House      *House
	Type       *RoomType
	Plan       *RatePlan
	Nights     []int64 // price of each night for all rooms, before taxes and fees that are added
	DistanceKM float64 // from what was asked for; 0 when a hotel was named
	Available  int32   // rooms free on the scarcest night, as search saw it
}

// ImportOptions say how to read a file and what to fill in (import.go documents the columns and the template).
type ImportOptions struct {
	Supplier uid.ID
	Columns  map[string]string // our field -> column of the file
	Identity string            // column that identifies a hotel; "": name and postal code
	Template Template
	DryRun   bool
	// SkipRefused applies the lines that can be applied when others are refused.
	SkipRefused bool
}

// ImportReport says what a file did, or would do.
type ImportReport struct {
	Applied                         bool // something was written
	Rows, Added, Changed, Untouched int
	Rooms                           int64
	Refused                         []LineNote // any refusal leaves the whole file unapplied, unless the caller asked to skip them
	Warnings                        []LineNote
	Duration                        time.Duration
}

// LineNote is a remark on one line of a file.
type LineNote struct {
	Line    int // 1 is the header
	Code    string
	Message string
}
