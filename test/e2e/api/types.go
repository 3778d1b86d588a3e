package api

// Object is a JSON object under construction.
type Object = map[string]any

// Money is an amount: a decimal text and an ISO 4217 code.
type Money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Problem is an RFC 9457 document.
type Problem struct {
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Status    int               `json:"status"`
	Detail    string            `json:"detail"`
	Instance  string            `json:"instance"`
	Code      string            `json:"code"`
	RequestID string            `json:"request_id"`
	Retryable bool              `json:"retryable"`
	Errors    []Place           `json:"errors"`
	Meta      map[string]string `json:"meta"`
}

// Place is one wrong place of a request.
type Place struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Named is anything of which the id matters.
type Named struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

// Reservation is what was reserved.
type Reservation struct {
	ID               string      `json:"id"`
	Locator          string      `json:"locator"`
	Status           string      `json:"status"`
	PaymentStatus    string      `json:"payment_status"`
	HoldExpiresAt    string      `json:"hold_expires_at"`
	Total            Money       `json:"total"`
	Paid             Money       `json:"paid"`
	Refunded         Money       `json:"refunded"`
	Items            []Item      `json:"items"`
	Travellers       []Traveller `json:"travellers"`
	AvailableActions []string    `json:"available_actions"`
}

// Item is one sold piece.
type Item struct {
	ID         string  `json:"id"`
	Status     string  `json:"status"`
	HotelID    string  `json:"hotel_id"`
	RoomTypeID string  `json:"room_type_id"`
	CheckIn    string  `json:"check_in"`
	CheckOut   string  `json:"check_out"`
	Rooms      []Party `json:"rooms"`
}

// Party is who sleeps in one room.
type Party struct {
	Adults       int   `json:"adults"`
	ChildrenAges []int `json:"children_ages,omitempty"`
}

// Traveller is a person who travels.
type Traveller struct {
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	Email      string `json:"email,omitempty"`
}

// Stay is a plain item of a reservation.
type Stay struct {
	HotelID      string `json:"hotel_id"`
	RoomTypeID   string `json:"room_type_id"`
	CheckIn      string `json:"check_in"`
	CheckOut     string `json:"check_out"`
	Rooms        int    `json:"rooms"`
	Adults       *int   `json:"adults,omitempty"`
	ChildrenAges []int  `json:"children_ages,omitempty"`
}

// Night is the state of one night of a room type.
type Night struct {
	Date      string `json:"date"`
	Capacity  int    `json:"capacity"`
	Target    int    `json:"target"`
	Closed    bool   `json:"closed"`
	Held      int    `json:"held"`
	Sold      int    `json:"sold"`
	Available int    `json:"available"`
	Oversold  int    `json:"oversold"`
	Price     Money  `json:"price"`
}

// Inventory is the nights of a room type.
type Inventory struct {
	Nights []Night `json:"nights"`
}

// Offer is one answer of a search.
type Offer struct {
	ID    string `json:"id"`
	Hotel struct {
		ID         string   `json:"id"`
		Name       string   `json:"name"`
		DistanceKM *float64 `json:"distance_km"`
	} `json:"hotel"`
	RoomType struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"room_type"`
	RatePlan Named   `json:"rate_plan"`
	Rooms    []Party `json:"rooms"`
	Price    struct {
		Total  Money `json:"total"`
		Nights []struct {
			Date  string `json:"date"`
			Price Money  `json:"price"`
		} `json:"nights"`
	} `json:"price"`
	Conditions struct {
		FreeCancellationUntil  *string `json:"free_cancellation_until"`
		CancellationFeePercent float64 `json:"cancellation_fee_percent"`
	} `json:"conditions"`
	Available int    `json:"available"`
	ExpiresAt string `json:"expires_at"`
}

// Offers is what a search found.
type Offers struct {
	Offers []Offer `json:"offers"`
}

// Reservations is a page of reservations.
type Reservations struct {
	Reservations []Reservation `json:"reservations"`
	Next         *string       `json:"next"`
}

// History is how a reservation came to be what it is.
type History struct {
	History []struct {
		Version int64  `json:"version"`
		At      string `json:"at"`
		Actor   struct {
			Kind string `json:"kind"`
			ID   string `json:"id"`
		} `json:"actor"`
		Cause         string `json:"cause"`
		From          string `json:"from"`
		To            string `json:"to"`
		PaymentStatus string `json:"payment_status"`
	} `json:"history"`
}

// Quote is what cancelling costs, for a short time.
type Quote struct {
	ID        string   `json:"id"`
	Items     []string `json:"items"`
	Refund    Money    `json:"refund"`
	Fee       Money    `json:"fee"`
	ExpiresAt string   `json:"expires_at"`
}

// Payments is the payments and refunds of a reservation.
type Payments struct {
	Payments []struct {
		ID       string `json:"id"`
		Amount   Money  `json:"amount"`
		Status   string `json:"status"`
		Refunded Money  `json:"refunded"`
	} `json:"payments"`
	Refunds []struct {
		Amount Money  `json:"amount"`
		Status string `json:"status"`
	} `json:"refunds"`
}

// Clock is what the sandbox clock shows.
type Clock struct {
	Now string `json:"now"`
}
