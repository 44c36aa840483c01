-- The forecasts of the forecasting service, one row a series, so that one is read by its key.
CREATE TABLE forecast_series (
    -- the forecast resource's id
    forecast $bigint NOT NULL,
    -- the values of its dimensions, a JSON list in the order of the forecast's dimensions
    series TEXT NOT NULL,
    -- little-endian float64 [1 + quantiles, horizon]: the mean, then the quantiles
    points $bytes NOT NULL,
    PRIMARY KEY (forecast, series)
);
