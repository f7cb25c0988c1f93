-- The distance between the sortorders of categories. If the site sets it in config.php only, take it from its first category.
-- @category_size: the step between the `sortorder` of two categories
SET @category_size = IF({{ setting("maxcoursesincategory") }} > 0, {{ setting("maxcoursesincategory") }} + 0,
                        COALESCE((SELECT IF(SUM(k.sortorder % f.first) = 0, f.first, NULL)
                                    FROM {course_categories} k
                                   CROSS JOIN (SELECT MIN(sortorder) AS first FROM {course_categories} WHERE sortorder > 0) f
                                   GROUP BY f.first), 10000));
